package cluster

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"synccenter.dev/synccenter/hack/cluster/internal/build"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*"))

// pluginDir is where Debian's containernetworking-plugins are.
const pluginDir = "/usr/lib/cni"

// settings are what the templates name.
type settings struct {
	Name, Address, Pods, Cgroup, Dir string
	PKI, DNS, PauseImage, PluginDir  string
}

func (c *Cluster) writeConfigurations(n node) error {
	s := settings{
		Name: n.name, Address: n.address, Pods: n.pods, Cgroup: n.cgroup(), Dir: n.dir,
		PKI: c.pki(), DNS: c.node(1).address, PauseImage: build.PauseImage, PluginDir: pluginDir,
	}
	if err := os.MkdirAll(filepath.Join(n.dir, "cni"), 0o755); err != nil {
		return err
	}
	for name, path := range map[string]string{
		"containerd.toml": "containerd.toml",
		"pods.conflist":   "cni/10-pods.conflist",
		"kubelet.yaml":    "kubelet.yaml",
		"Corefile":        "Corefile",
	} {
		if err := render(filepath.Join(n.dir, path), name, s); err != nil {
			return err
		}
	}
	return nil
}

func render(path, name string, s settings) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := templates.ExecuteTemplate(file, name, s); err != nil {
		file.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return file.Close()
}

// startRuntime starts containerd and gives it the image that every pod needs.
func (c *Cluster) startRuntime(ctx context.Context, n node) error {
	if err := n.launch("containerd", "containerd", "--config", filepath.Join(n.dir, "containerd.toml")); err != nil {
		return err
	}
	enter, err := n.enter(ctx)
	if err != nil {
		return err
	}
	err = within(ctx, 30*time.Second, "containerd of "+n.name+" (its log: "+filepath.Join(n.dir, "containerd.log")+")",
		func(context.Context) error { return run(enter("ctr", "--address", "/run/containerd.sock", "version")) })
	if err != nil {
		return err
	}
	return n.importImage(ctx, filepath.Join(c.Node, "pause.tar"))
}
