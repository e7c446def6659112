package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// initReady is what the first process of a node writes when the node is set up.
const initReady = "ready"

// RunAsNode is for the first line of main: started as the first process of a node, it is that process and does not return.
func RunAsNode() {
	if !strings.HasPrefix(os.Args[0], nodeMark) {
		return
	}
	name := os.Args[0][strings.LastIndexByte(os.Args[0], ':')+1:]
	report := os.NewFile(3, "report")
	err := setUpNode(name)
	if err != nil {
		fmt.Fprint(report, err)
		os.Exit(1)
	}
	fmt.Fprint(report, initReady)
	report.Close()
	reap()
}

// ownFolders are used by Kubernetes, containerd and CNI plugins whatever they are told, so every node gets its own.
var ownFolders = []string{"/run", "/var/lib/cni", "/var/lib/kubelet", "/var/log/pods", "/var/log/containers", "/usr/libexec/kubernetes"}

// wantedSettings are written by the kubelet, for the whole machine, when they differ. In a node a file that already
// says what it wants lies over each, so that the machine keeps its own.
var wantedSettings = map[string]string{
	"/proc/sys/vm/overcommit_memory": "1",
	"/proc/sys/kernel/panic":         "10",
	"/proc/sys/kernel/panic_on_oops": "1",
}

func setUpNode(name string) error {
	mounts := []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE}, // what is mounted here must not show on the machine
		{"proc", "/proc", "proc", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC},
		{"", "/", "", syscall.MS_REC | syscall.MS_SHARED}, // but the kubelet's mounts must show in the pods
	}
	for _, m := range mounts {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	for _, dir := range ownFolders {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mounting %s: %w", dir, err)
		}
	}
	for setting, value := range wantedSettings {
		file := filepath.Join("/run", "setting"+strings.ReplaceAll(setting, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, setting, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("laying a file over %s: %w", setting, err)
		}
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("setting the name of the host: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return err
	}
	return run(exec.Command("ip", "link", "set", "lo", "up"))
}

// reap collects the exit codes of orphans for as long as the node lives.
func reap() {
	children := make(chan os.Signal, 8)
	signal.Notify(children, syscall.SIGCHLD)
	for range children {
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
