package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Status writes to w the nodes and where the kubeconfig is. It is an error when no cluster is up or a node is not ready.
func (c *Cluster) Status(ctx context.Context, w io.Writer) error {
	nodes, err := c.running()
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return ErrDown
	}
	api, err := c.api()
	if err != nil {
		return err
	}
	list, err := api.nodes(ctx)
	if err != nil {
		return fmt.Errorf("asking the API server for the nodes: %w", err)
	}
	var unready []error
	ready := list.ready()
	for _, item := range list.Items {
		name := item.Metadata.Name
		state := "Ready"
		if why := ready[name]; why != "" {
			state = "NotReady: " + why
			unready = append(unready, fmt.Errorf("%s is not ready", name))
		}
		fmt.Fprintf(w, "%s  %s  %s\n", name, item.Status.NodeInfo.KubeletVersion, state)
	}
	fmt.Fprintf(w, "export KUBECONFIG=%s\n", c.Kubeconfig())
	return errors.Join(unready...)
}
