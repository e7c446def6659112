package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// node is one machine of the cluster, as far as Kubernetes can tell.
type node struct {
	index   int
	name    string
	address string
	pods    string // the network of its pods
	dir     string
	cluster string // Cluster.Dir
}

// nodeMark begins the name that the first process of every node runs under; the cluster's folder and the node follow.
// A node is found by that name and never by a saved pid, which may be another program's by now.
const nodeMark = "synccenter-node:"

func (n node) processName() string { return nodeMark + n.cluster + ":" + n.name }

// process is the first process of a node that runs on this machine.
type process struct {
	pid     int
	cluster string // Cluster.Dir
	node    string
}

// processes finds the nodes of every cluster on this machine, by name.
func processes() ([]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, path := range paths {
		cmdline, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		name, _, _ := bytes.Cut(cmdline, []byte{0})
		rest, ok := strings.CutPrefix(string(name), nodeMark)
		if !ok {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		colon := strings.LastIndexByte(rest, ':')
		if err != nil || colon < 0 {
			continue
		}
		found = append(found, process{pid: pid, cluster: rest[:colon], node: rest[colon+1:]})
	}
	slices.SortFunc(found, func(a, b process) int { return strings.Compare(a.node, b.node) })
	return found, nil
}

func (n node) pid() (int, error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if p.cluster == n.cluster && p.node == n.name {
			return p.pid, nil
		}
	}
	return 0, fmt.Errorf("%s does not run", n.name)
}

// start makes the namespaces of the node and waits until its first process has set them up.
func (n node) start() error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.dir, "init.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	ready, report, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd := &exec.Cmd{
		Path:       "/proc/self/exe",
		Args:       []string{n.processName()},
		Stdout:     log,
		Stderr:     log,
		ExtraFiles: []*os.File{report},
		SysProcAttr: &syscall.SysProcAttr{
			Setsid:     true,
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		},
	}
	err = cmd.Start()
	report.Close()
	if err != nil {
		return fmt.Errorf("making the namespaces of %s: %w", n.name, err)
	}
	said, err := io.ReadAll(ready)
	if err != nil {
		return err
	}
	if string(said) != initReady {
		return fmt.Errorf("setting up the namespaces of %s: %s (more in %s)", n.name, said, log.Name())
	}
	return cmd.Process.Release()
}

// enter makes commands that run in the node. Not `ip netns exec`: it mounts another /sys, and the cgroups are gone.
func (n node) enter(ctx context.Context) (func(args ...string) *exec.Cmd, error) {
	pid, err := n.pid()
	if err != nil {
		return nil, err
	}
	return func(args ...string) *exec.Cmd {
		enter := []string{"--target", strconv.Itoa(pid), "--mount", "--net", "--pid", "--uts", "--ipc", "--"}
		return exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	}, nil
}

// launch starts a server in the node, which outlives this process and ends with the node.
func (n node) launch(name string, args ...string) error {
	enter, err := n.enter(context.Background())
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := enter(args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // ctrl-C in the terminal is not for the servers
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s on %s: %w", name, n.name, err)
	}
	return cmd.Process.Release()
}

// kill ends every process of the node: the kernel takes them all when the first one of their namespace goes.
func (p process) kill() error {
	err := syscall.Kill(p.pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
