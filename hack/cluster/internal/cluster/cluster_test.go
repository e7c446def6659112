package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNodeIsReady(t *testing.T) {
	for _, test := range []struct{ name, node, want string }{
		{"ready", `{"status": {"conditions": [{"type": "Ready", "status": "True", "message": "kubelet is posting"}]}}`, ""},
		{"no word yet", `{}`, "its kubelet has not reported yet"},
		{"not ready", `{"status": {"conditions": [{"type": "Ready", "status": "False", "message": "no network"}]}}`, "no network"},
		{"tainted", `{"spec": {"taints": [{"key": "not-ready"}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`, "it still has the taint not-ready"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var list nodeList
			if err := json.Unmarshal([]byte(`{"items": [`+test.node+`]}`), &list); err != nil {
				t.Fatal(err)
			}
			if why := list.ready()[""]; why != test.want {
				t.Errorf("%q keeps it from being ready, want %q", why, test.want)
			}
		})
	}
}

func TestImagesOfAnArchive(t *testing.T) {
	index := `{"manifests": [{"digest": "sha256:12", "annotations": {"io.containerd.image.name": "example.test/a:dev"}}]}`
	for _, test := range []struct{ name, entry, content, failure string }{
		{"one image", "index.json", index, ""},
		{"an archive of another kind", "manifest.json", "[]", "it has no index.json"},
		{"an image without a name", "index.json", `{"manifests": [{"digest": "sha256:12"}]}`, "the image sha256:12 has no name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.tar")
			if err := os.WriteFile(path, archiveOf(t, test.entry, test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			images, err := imagesIn(path)
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Errorf("got %v, %v, want an error with %q", images, err, test.failure)
				}
				return
			}
			if err != nil || len(images) != 1 || images[0].byDigest() != "example.test/a@sha256:12" {
				t.Errorf("got %v, %v", images, err)
			}
		})
	}
}

func archiveOf(t *testing.T, name, content string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestWaitingTellsTheLastReason(t *testing.T) {
	attempts := 0
	err := within(t.Context(), 350*time.Millisecond, "a thing", func(ctx context.Context) error {
		if attempts++; attempts == 1 {
			return errors.New("not yet")
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if err == nil || err.Error() != "waited 350ms for a thing: not yet" {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAClusterCommandsSaySo(t *testing.T) {
	c := Cluster{Dir: t.TempDir()}
	for name, err := range map[string]error{
		"status":     c.Status(t.Context(), io.Discard),
		"load-image": c.LoadImage(t.Context(), filepath.Join(t.TempDir(), "missing.tar")),
		"kill":       c.Kill("node1"),
	} {
		if err == nil || len(strings.Fields(err.Error())) < 4 {
			t.Errorf("%s without a cluster says %v", name, err)
		}
	}
}

func TestConfigurationsOfANode(t *testing.T) {
	c := Cluster{Dir: t.TempDir()}
	n := c.node(2)
	if err := c.writeConfigurations(n); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"containerd.toml":      `root = "` + n.dir + `/containerd"`,
		"cni/10-pods.conflist": `"subnet": "10.88.2.0/24"`,
		"kubelet.yaml":         "address: 10.200.0.12\n",
		"Corefile":             "bind 10.200.0.12\n",
	} {
		data, err := os.ReadFile(filepath.Join(n.dir, file))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s (%v) lacks %q:\n%s", file, err, want, data)
		}
	}
}
