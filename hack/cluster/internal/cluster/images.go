package cluster

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LoadImage gives the images in an archive to every node.
//
// There is no registry: a pod names an image by its tag, or by name@digest, for which LoadImage adds a second name. Both need
// an imagePullPolicy that does not insist on a pull (IfNotPresent, the default for a tag other than latest).
func (c *Cluster) LoadImage(ctx context.Context, archive string) error {
	path, err := filepath.Abs(archive)
	if err != nil {
		return err
	}
	images, err := imagesIn(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", archive, err)
	}
	nodes, err := c.running()
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return ErrDown
	}
	for _, n := range nodes {
		start := time.Now()
		if err := n.importImage(ctx, path); err != nil {
			return fmt.Errorf("loading %s on %s: %w", archive, n.name, err)
		}
		for _, i := range images {
			if err := n.tagImage(ctx, i.name, i.byDigest()); err != nil {
				return fmt.Errorf("naming %s on %s: %w", i.byDigest(), n.name, err)
			}
			c.step(start, fmt.Sprintf("loaded %s (%s) on %s", i.name, i.digest, n.name))
		}
	}
	return nil
}

func (n node) importImage(ctx context.Context, archive string) error {
	return n.ctr(ctx, "images", "import", archive)
}

func (n node) tagImage(ctx context.Context, from, to string) error {
	return n.ctr(ctx, "images", "tag", "--force", from, to)
}

func (n node) ctr(ctx context.Context, args ...string) error {
	enter, err := n.enter(ctx)
	if err != nil {
		return err
	}
	return run(enter(append([]string{"ctr", "--address", "/run/containerd.sock", "--namespace", "k8s.io"}, args...)...))
}

// image is one entry of an archive's index.
type image struct {
	name   string // repository:tag
	digest string // of its manifest
}

// byDigest is the name that stays with these very bytes.
func (i image) byDigest() string {
	repository, _, _ := strings.Cut(i.name, ":") // our names have no port
	return repository + "@" + i.digest
}

// imagesIn lists the images of an OCI archive.
func imagesIn(archive string) ([]image, error) {
	file, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for entries := tar.NewReader(file); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it has no index.json: make an OCI archive with hack/image")
		}
		if err != nil {
			return nil, err
		}
		if header.Name == "index.json" {
			return parseIndex(entries)
		}
	}
}

func parseIndex(r io.Reader) ([]image, error) {
	var index struct {
		Manifests []struct {
			Digest      string            `json:"digest"`
			Annotations map[string]string `json:"annotations"`
		} `json:"manifests"`
	}
	if err := json.NewDecoder(r).Decode(&index); err != nil {
		return nil, fmt.Errorf("decoding index.json: %w", err)
	}
	var images []image
	for _, m := range index.Manifests {
		name := m.Annotations["io.containerd.image.name"]
		if name == "" {
			return nil, fmt.Errorf("the image %s has no name: make the archive with hack/image", m.Digest)
		}
		images = append(images, image{name: name, digest: m.Digest})
	}
	return images, nil
}
