package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// PauseImage is the image whose only process holds the namespaces of a pod.
const PauseImage = "synccenter.dev/pause:1"

const kubernetesExpectation = "5 to 15 minutes and 5 GB of disk the first time, seconds once Go's build cache knows it"

// Kubernetes answers with a folder of etcd, kubectl and all servers of Kubernetes.
func (c Cache) Kubernetes(ctx context.Context) (string, error) {
	return c.kubernetes(ctx, recipe{name: "kubernetes", what: "Kubernetes"}, "",
		"etcd", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
}

// APIServer answers with a folder of etcd, kubectl and kube-apiserver: what tests against an API server without nodes need.
func (c Cache) APIServer(ctx context.Context) (string, error) {
	return c.kubernetes(ctx, recipe{name: "apiserver", what: "the Kubernetes API server"}, "envtest",
		"etcd", "kubectl", "kube-apiserver")
}

func (c Cache) kubernetes(ctx context.Context, r recipe, tags string, links ...string) (string, error) {
	const module, binary = "cluster/kube", "kube"
	version, err := c.kubernetesVersion(module)
	if err != nil {
		return "", err
	}
	r.expectation = kubernetesExpectation
	r.programs = []program{{name: binary, module: module, path: ".", tags: tags, ldflags: version}}
	r.links = map[string]string{}
	for _, link := range links {
		r.links[link] = binary
	}
	return c.ensure(ctx, r)
}

var requiredKubernetes = regexp.MustCompile(`k8s\.io/kubernetes (v1\.(\d+)\.\d+)`)

// kubernetesVersion gives the linker flags without which discovery and kubectl report v0.0.0.
func (c Cache) kubernetesVersion(module string) (string, error) {
	path := filepath.Join(c.Source, module, "go.mod")
	modfile, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	found := requiredKubernetes.FindSubmatch(modfile)
	if found == nil {
		return "", fmt.Errorf("%s requires no k8s.io/kubernetes: write it again with gen.sh", path)
	}
	var flags strings.Builder
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		fmt.Fprintf(&flags, " -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=1 -X %[1]s.gitMinor=%[3]s -X %[1]s.gitTreeState=clean", pkg, found[1], found[2])
	}
	return flags.String(), nil
}

// Node answers with a folder of what a node needs beside Kubernetes: dns, and pause.tar, the archive of PauseImage.
func (c Cache) Node(ctx context.Context) (string, error) {
	return c.ensure(ctx, recipe{
		name:        "node",
		what:        "CoreDNS and the pause image",
		expectation: "about two minutes after the first build of Kubernetes, seconds when cached",
		programs: []program{
			{name: "dns", module: "cluster/dns", path: "."},
			{name: "pause", module: "cluster/pause", path: "."},
			{name: "image", module: "image", path: "."},
		},
		finish: func(ctx context.Context, dir string) error {
			out, err := exec.CommandContext(ctx, filepath.Join(dir, "image"), "pack",
				"-output", filepath.Join(dir, "pause.tar"), "-name", PauseImage, "-entrypoint", "/pause",
				filepath.Join(dir, "pause")+"=/pause").CombinedOutput()
			if err != nil {
				return fmt.Errorf("packing %s: %w\n%s", PauseImage, err, out)
			}
			return nil
		},
	})
}
