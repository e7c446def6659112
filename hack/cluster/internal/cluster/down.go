package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

// Down ends the cluster and removes what it left: processes, the link with its routes, cgroups, folders, files.
// It works on a half-started cluster too, and when none is up.
func (c *Cluster) Down(ctx context.Context) error {
	all, err := processes()
	if err != nil {
		return err
	}
	if len(all) > 0 && all[0].cluster != c.Dir {
		return errOther(all[0])
	}
	for _, p := range all {
		if err := p.kill(); err != nil {
			return fmt.Errorf("ending %s: %w", p.node, err)
		}
	}
	err = within(ctx, 20*time.Second, "the nodes to end", func(context.Context) error {
		left, err := processes()
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%s still runs", left[0].node)
		}
		return err
	})
	if err != nil {
		return err
	}
	// The link goes with its other end, though not at once: here it may go between the question and the removal.
	if err := each(onMachine(ctx), "ip link del "+machineLink); err != nil && linkExists() {
		return err
	}
	if err := removeCgroups(ctx); err != nil {
		return err
	}
	for _, dir := range ownFolders[1:] { // /run is the machine's; the others were made by a node, and are empty unless used by others
		if err := os.Remove(dir); err == nil {
			continue
		} else if entries, readErr := os.ReadDir(dir); readErr == nil && len(entries) == 0 {
			return fmt.Errorf("removing the empty folder %s: %w", dir, err)
		}
	}
	return removeFiles(ctx, c.Dir)
}

// Kill ends every process of one node at once, as if its power failed. It does not come back.
func (c *Cluster) Kill(name string) error {
	all, err := processes()
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.cluster == c.Dir && p.node == name {
			return p.kill()
		}
	}
	return fmt.Errorf("there is no running node %q", name)
}

// removeFiles waits for the last mounts below dir to go with their namespaces.
func removeFiles(ctx context.Context, dir string) error {
	return within(ctx, 10*time.Second, "the files in "+dir+" to be free", func(context.Context) error { return os.RemoveAll(dir) })
}

func linkExists() bool {
	_, err := net.InterfaceByName(machineLink)
	return err == nil
}

func errOther(p process) error {
	return fmt.Errorf("the cluster that is up has its files in %s: end it with the SYNCCENTER_CACHE that it was started with", p.cluster)
}
