package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cgroupRoot is where version 1 has a folder per controller.
const cgroupRoot = "/sys/fs/cgroup"

func (n node) cgroup() string { return "synccenter-" + n.name }

// makeCgroups gives the node a group under each controller. One of cpuset begins without processors and memory, and
// nothing can run in it until it has its parent's.
func (n node) makeCgroups() error {
	controllers, err := os.ReadDir(cgroupRoot)
	if err != nil {
		return err
	}
	for _, entry := range controllers {
		controller := filepath.Join(cgroupRoot, entry.Name())
		info, err := os.Stat(controller) // follows the links that join controllers, cpu to cpu,cpuacct
		if err != nil {
			return err
		}
		if !info.IsDir() || entry.Name() == "net_cls" { // the kubelet does not ask for net_cls, and it may be read-only
			continue
		}
		dir := filepath.Join(controller, n.cgroup())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for _, setting := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(controller, setting))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, setting), value, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCgroups removes the groups of all nodes; the kernel refuses until the last process in them is gone.
func removeCgroups(ctx context.Context) error {
	groups, err := filepath.Glob(cgroupRoot + "/*/synccenter-node*")
	if err != nil {
		return err
	}
	for _, group := range groups {
		err := within(ctx, 10*time.Second, "the processes in "+group+" to end", func(context.Context) error { return removeTree(group) })
		if err != nil {
			return err
		}
	}
	return nil
}

// removeTree removes a group and those below it, the deepest first. Their files cannot be removed and need not be.
func removeTree(group string) error {
	var dirs []string
	err := filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("listing %s: %w", group, err)
	}
	for _, dir := range slices.Backward(dirs) {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
