package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func example() image {
	return image{
		Name: "example.test/greet:dev", Architecture: "amd64", Entrypoint: []string{"/bin/greet"},
		Files: []file{{path: "/etc/greet/words", mode: 0o644, data: []byte("hello")}, {path: "/bin/greet", mode: 0o755, data: []byte("program")}},
	}
}

func TestSameInputSameBytes(t *testing.T) {
	dir := t.TempDir()
	var archives [2][]byte
	for i := range archives {
		input := example()
		if i == 1 {
			slices.Reverse(input.Files)
		}
		path := filepath.Join(dir, "image.tar")
		if _, err := input.write(path); err != nil {
			t.Fatal(err)
		}
		var err error
		if archives[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the archives of the same files, in another order, differ")
	}
}

func TestContentOfTheImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.tar")
	digest, err := example().write(path)
	if err != nil {
		t.Fatal(err)
	}
	blobs := entriesOf(t, open(t, path))
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	decode(t, blobs["index.json"], &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Digest != digest.String() || index.Manifests[0].Annotations["io.containerd.image.name"] != "example.test/greet:dev" {
		t.Errorf("the index does not name the image: %s", blobs["index.json"])
	}
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	decode(t, blobs["blobs/sha256/"+digest.Hex], &manifest)
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		}
	}
	decode(t, blobs["blobs/sha256/"+manifest.Config.Digest[7:]], &config)
	if config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/bin/greet"}) {
		t.Errorf("the image runs %v as %s", config.Config.Entrypoint, config.Config.User)
	}
	layer, err := gzip.NewReader(bytes.NewReader(blobs["blobs/sha256/"+manifest.Layers[0].Digest[7:]]))
	if err != nil {
		t.Fatal(err)
	}
	files := entriesOf(t, layer)
	if string(files["bin/greet"]) != "program" || string(files["etc/greet/words"]) != "hello" || len(files["etc/passwd"]) == 0 {
		t.Errorf("the layer holds %q", files)
	}
}

func TestRefused(t *testing.T) {
	for name, change := range map[string]func(*image){
		"no name":               func(i *image) { i.Name = "" },
		"a name without a tag":  func(i *image) { i.Name = "example.test/greet" },
		"two files at one path": func(i *image) { i.Files = append(i.Files, i.Files[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			input := example()
			change(&input)
			path := filepath.Join(t.TempDir(), "image.tar")
			if _, err := input.write(path); err == nil {
				t.Error("was written")
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("an archive is left")
			}
		})
	}
}

func open(t *testing.T, path string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(data)
}

func entriesOf(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	entries := map[string][]byte{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name] = data
	}
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decoding %s: %v", data, err)
	}
}
