package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nonRoot is a number, since Kubernetes cannot tell whether a name is root (runAsNonRoot).
const nonRoot = "65532:65532"

const passwd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"

// image is an image of one layer, which runs as a user without rights.
type image struct {
	Name         string // repository:tag
	Architecture string
	Entrypoint   []string
	Files        []file
}

type file struct {
	path string
	mode int64
	data []byte
}

// write writes the image as an OCI archive and answers with the digest of its manifest.
func (i image) write(archive string) (v1.Hash, error) {
	if _, err := name.NewTag(i.Name, name.StrictValidation); err != nil {
		return v1.Hash{}, err
	}
	built, err := i.build()
	if err != nil {
		return v1.Hash{}, err
	}
	digest, err := built.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	dir, err := os.MkdirTemp("", "image-*")
	if err != nil {
		return v1.Hash{}, err
	}
	defer os.RemoveAll(dir)
	index, err := layout.Write(dir, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	_, tag, _ := strings.Cut(i.Name, ":")
	err = index.AppendImage(built, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          i.Name, // for containerd and Docker
		"org.opencontainers.image.ref.name": tag,    // for skopeo and podman
	}))
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, writeArchive(archive, os.DirFS(dir))
}

func (i image) build() (v1.Image, error) {
	layer, err := i.layer()
	if err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer)), nil }
	compressed, err := tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err := mutate.AppendLayers(base, compressed)
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", i.Architecture
	config.Config = v1.Config{Entrypoint: i.Entrypoint, User: nonRoot, WorkingDir: "/", Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}
	return mutate.ConfigFile(built, config)
}

// layer is the tar of all files, with the folders that lead to them.
func (i image) layer() ([]byte, error) {
	files := append([]file{{path: "/etc/passwd", mode: 0o644, data: []byte(passwd)}}, i.Files...)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}); err != nil {
		return nil, err
	}
	written := map[string]bool{"tmp": true}
	for n, f := range files {
		if n > 0 && files[n-1].path == f.path {
			return nil, fmt.Errorf("two files at %s", f.path)
		}
		name := strings.TrimPrefix(path.Clean(f.path), "/")
		if err := writeParents(w, path.Dir(name), written); err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	return layer.Bytes(), w.Close()
}

func writeParents(w *tar.Writer, dir string, written map[string]bool) error {
	if dir == "." || written[dir] {
		return nil
	}
	if err := writeParents(w, path.Dir(dir), written); err != nil {
		return err
	}
	written[dir] = true
	return w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755})
}

// writeArchive packs a folder; the archive appears under its name when it is whole.
func writeArchive(archive string, dir fs.FS) (err error) {
	if err := os.MkdirAll(filepath.Dir(archive), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(archive), ".image-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	defer out.Close()
	w := tar.NewWriter(out)
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error { // in lexical order
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() {
			return w.WriteHeader(&tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: 0o755})
		}
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := out.Chmod(0o644); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), archive)
}
