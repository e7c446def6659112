// Command cluster runs a real Kubernetes on this machine: for tests, for the demo, and to try things.
//
// Start it by cluster.sh, which builds it first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"synccenter.dev/synccenter/hack/cluster/internal/build"
	"synccenter.dev/synccenter/hack/cluster/internal/cluster"
)

const usage = `cluster.sh COMMAND

  up [N]             start a cluster of N nodes (1 unless said), or use the one that is up
  status             its nodes and its kubeconfig
  load-image TAR...  give the images of an OCI archive to every node
  kubectl ARG...     the kubectl that fits it, with its kubeconfig
  kubeconfig         print the path of its kubeconfig
  kill NODE          lose a node, as if its power failed
  down               end it and leave nothing behind
  preflight          say what keeps a cluster from running here
  assets             print a folder of etcd, kube-apiserver and kubectl, for KUBEBUILDER_ASSETS

What is built is kept in SYNCCENTER_CACHE (now %s).
`

func main() {
	cluster.RunAsNode()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	source := flag.String("source", "", "the folder hack of the checkout")
	cache := flag.String("cache", "", "the folder to keep what is built and what runs")
	flag.Usage = func() { fmt.Fprintf(os.Stderr, usage, *cache) }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	t := tool{
		cache:   build.Cache{Dir: *cache, Source: *source, Log: os.Stderr},
		cluster: cluster.Cluster{Dir: filepath.Join(*cache, "cluster"), Log: os.Stderr},
	}
	if err := t.run(ctx, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tool is what the commands share.
type tool struct {
	cache   build.Cache
	cluster cluster.Cluster
}

func (t tool) run(ctx context.Context, command string, args []string) error {
	switch command {
	case "up":
		return t.up(ctx, args)
	case "status":
		return t.cluster.Status(ctx, os.Stdout)
	case "load-image":
		if len(args) == 0 {
			return errors.New("load-image needs the path of an archive")
		}
		for _, archive := range args {
			if err := t.cluster.LoadImage(ctx, archive); err != nil {
				return err
			}
		}
		return nil
	case "kubectl":
		return t.kubectl(args)
	case "kubeconfig":
		if err := t.mustRun(); err != nil {
			return err
		}
		fmt.Println(t.cluster.Kubeconfig())
		return nil
	case "kill":
		if len(args) != 1 {
			return errors.New("kill needs the name of one node")
		}
		return t.cluster.Kill(args[0])
	case "down":
		return t.cluster.Down(ctx)
	case "preflight":
		return t.preflight(ctx)
	case "assets":
		return t.assets(ctx)
	}
	flag.Usage()
	return fmt.Errorf("there is no command %q", command)
}

func (t tool) up(ctx context.Context, args []string) error {
	count := 0
	if len(args) > 0 {
		var err error
		if count, err = strconv.Atoi(args[0]); err != nil || len(args) > 1 {
			return fmt.Errorf("up takes a number of nodes, not %q", args)
		}
	}
	reused, err := t.cluster.Reuse(ctx, count)
	if err != nil {
		return err
	}
	if reused {
		fmt.Fprintln(os.Stderr, "a cluster is up already; using it")
		return t.cluster.Status(ctx, os.Stdout)
	}
	if err := t.preflight(ctx); err != nil {
		return err
	}
	if t.cluster.Kubernetes, err = t.cache.Kubernetes(ctx); err != nil {
		return err
	}
	if t.cluster.Node, err = t.cache.Node(ctx); err != nil {
		return err
	}
	if err := t.cluster.Up(ctx, max(count, 1)); err != nil {
		return err
	}
	return t.cluster.Status(ctx, os.Stdout)
}

func (t tool) preflight(ctx context.Context) error {
	if err := t.cluster.Preflight(ctx); err != nil {
		return fmt.Errorf("no cluster can run here:\n%w", err)
	}
	return nil
}

func (t tool) mustRun() error {
	running, err := t.cluster.Running()
	if err == nil && !running {
		err = cluster.ErrDown
	}
	return err
}

// kubectl becomes kubectl, so that its signals, terminal and exit code are its own.
func (t tool) kubectl(args []string) error {
	if err := t.mustRun(); err != nil {
		return err
	}
	env := append(os.Environ(), "KUBECONFIG="+t.cluster.Kubeconfig())
	return syscall.Exec(t.cluster.Kubectl(), append([]string{"kubectl"}, args...), env)
}

// assets prints a folder for KUBEBUILDER_ASSETS. Root builds all of Kubernetes, since a cluster will need it anyway, and
// it takes hardly longer; others, who can run no cluster, the API server alone.
func (t tool) assets(ctx context.Context) error {
	make := t.cache.APIServer
	if os.Getuid() == 0 {
		make = t.cache.Kubernetes
	}
	dir, err := make(ctx)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}
