package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

// ErrDown says that there is no cluster.
var ErrDown = errors.New("no cluster is up: start one with `up`")

// running lists the nodes of this cluster that run.
func (c *Cluster) running() ([]node, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var nodes []node
	for _, p := range all {
		var index int
		if _, err := fmt.Sscanf(p.node, "node%d", &index); err == nil && p.cluster == c.Dir {
			nodes = append(nodes, c.node(index))
		}
	}
	return nodes, nil
}

// Running tells whether a node of this cluster runs.
func (c *Cluster) Running() (bool, error) {
	nodes, err := c.running()
	return len(nodes) > 0, err
}

// Reuse tells whether a cluster of that many nodes is up and well; with a count of 0 any number will do.
func (c *Cluster) Reuse(ctx context.Context, count int) (bool, error) {
	nodes, err := c.running()
	if err != nil || len(nodes) == 0 {
		return false, err
	}
	if count != 0 && count != len(nodes) {
		return false, fmt.Errorf("a cluster of %d nodes is up, not of %d: end it with `down` first", len(nodes), count)
	}
	api, err := c.api()
	if err == nil {
		err = api.usable(ctx, nodes)
	}
	if err != nil {
		return false, fmt.Errorf("a cluster is up, but it cannot be used; end it with `down` and start another: %w", err)
	}
	return true, nil
}

// Up starts a cluster of count nodes and returns when a pod can run in it. Call Preflight and Reuse first.
func (c *Cluster) Up(ctx context.Context, count int) error {
	if count < 1 || count > maxNodes {
		return fmt.Errorf("a cluster of %d nodes is not possible: from 1 to %d", count, maxNodes)
	}
	if err := c.up(ctx, c.nodes(count)); err != nil {
		return fmt.Errorf("%w\nlogs: %s/node*/*.log; `down` cleans up", err, c.Dir)
	}
	return nil
}

func (c *Cluster) up(ctx context.Context, nodes []node) error {
	start, first := time.Now(), nodes[0]
	if err := c.prepare(nodes); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := errors.Join(n.makeCgroups(), n.start()); err != nil {
			return err
		}
	}
	if err := c.connect(ctx, nodes); err != nil {
		return err
	}
	c.step(start, "namespaces, links and certificates")
	if err := c.startAPIServer(first); err != nil {
		return err
	}
	if err := onEach(nodes, func(n node) error { return c.startRuntime(ctx, n) }); err != nil {
		return err
	}
	c.step(start, "containerd on every node")
	api, err := c.api()
	if err != nil {
		return err
	}
	err = within(ctx, time.Minute, "the API server", func(ctx context.Context) error {
		return api.do(ctx, http.MethodGet, "/readyz", "", nil)
	})
	if err != nil {
		return err
	}
	c.step(start, "API server")
	if err := errors.Join(c.startControllers(first), c.startDNS(ctx, api, first), onEach(nodes, c.startAgents)); err != nil {
		return err
	}
	err = within(ctx, 2*time.Minute, "nodes, service accounts and DNS", func(ctx context.Context) error { return api.usable(ctx, nodes) })
	if err != nil {
		return err
	}
	c.step(start, "nodes, service accounts and DNS: ready for pods")
	return nil
}

// prepare writes all files of the cluster into an empty folder.
func (c *Cluster) prepare(nodes []node) error {
	if err := os.RemoveAll(c.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(c.Kubernetes, c.Dir+"/kubernetes"); err != nil { // so that kubectl is found without a build
		return err
	}
	for _, n := range nodes {
		if err := c.writeConfigurations(n); err != nil {
			return err
		}
	}
	return c.writePKI(nodes)
}

func onEach(nodes []node, do func(node) error) error {
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = do(n) })
	}
	group.Wait()
	return errors.Join(errs...)
}
