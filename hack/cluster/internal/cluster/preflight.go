package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// packages are Debian's, by what is missing without them.
const packages = "containerd runc containernetworking-plugins iptables nftables conntrack iproute2 util-linux"

// Preflight answers with all that keeps a cluster from running here, each as an error of its own; it changes nothing.
func (c *Cluster) Preflight(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("this is %s: namespaces and cgroups need Linux", runtime.GOOS)
	}
	if uid := os.Getuid(); uid != 0 {
		return fmt.Errorf("this is user %d: namespaces, cgroups and containerd need root", uid)
	}
	errs := missingPrograms()
	if len(errs) == 0 { // the attempts below need the programs
		errs = append(errs, c.attempts(ctx)...)
	}
	errs = append(errs, cgroups()...)
	errs = append(errs, c.othersInTheWay()...)
	errs = append(errs, c.space()...)
	return errors.Join(errs...)
}

func missingPrograms() []error {
	var missing []string
	for _, program := range []string{"containerd", "ctr", "runc", "nsenter", "unshare", "ip", "nft", "iptables", "conntrack"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	for _, plugin := range []string{"bridge", "host-local", "portmap", "loopback"} {
		path := filepath.Join(pluginDir, plugin)
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, path)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []error{fmt.Errorf("missing %s: install Debian's %s, or call hack/install-dependencies.sh", strings.Join(missing, ", "), packages)}
}

// attempts does on a small scale, in namespaces that end at once, what a node will do.
func (c *Cluster) attempts(ctx context.Context) []error {
	var errs []error
	for _, attempt := range []struct{ failure, script string }{
		{"no new namespaces (is CAP_SYS_ADMIN missing?)",
			"unshare --pid --mount --net --ipc --uts --fork true"},
		{"no overlay mounts",
			`unshare --mount sh -ec 'mount -t tmpfs t /mnt; cd /mnt; mkdir l u w m; mount -t overlay -o lowerdir=l,upperdir=u,workdir=w o m'`},
		{"no bridge, veth or nftables nat (is CAP_NET_ADMIN missing, or a part of the kernel?)",
			`unshare --net sh -ec 'ip link add br0 type bridge; ip link add v0 type veth peer name v1; nft add table inet t; nft add chain inet t c "{ type nat hook output priority 0; }"'`},
	} {
		if err := run(exec.CommandContext(ctx, "sh", "-c", attempt.script)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", attempt.failure, err))
		}
	}
	return errs
}

func cgroups() []error {
	if _, err := os.Stat(cgroupRoot + "/cgroup.controllers"); err == nil {
		return []error{errors.New("this machine has cgroups of version 2 alone, and only version 1 was ever tried: use a cluster that exists, with USE_EXISTING_CLUSTER=true")}
	}
	var errs []error
	for _, controller := range []string{"cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio"} {
		dir := filepath.Join(cgroupRoot, controller, "synccenter-preflight")
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			err = os.Remove(dir)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot make a cgroup: %w", err))
		}
	}
	return errs
}

// othersInTheWay finds the cluster of another folder, and networks with our addresses.
func (c *Cluster) othersInTheWay() []error {
	all, err := processes()
	if err != nil {
		return []error{err}
	}
	if len(all) > 0 {
		if all[0].cluster == c.Dir {
			return nil // a cluster runs here, so one can
		}
		return []error{errOther(all[0])}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return []error{err}
	}
	var errs []error
	for _, network := range []string{nodeNetwork + ".0/24", serviceNetwork, podNetwork} {
		_, ours, err := net.ParseCIDR(network)
		if err != nil {
			return []error{err}
		}
		i := slices.IndexFunc(addresses, func(a net.Addr) bool {
			used, ok := a.(*net.IPNet)
			return ok && (ours.Contains(used.IP) || used.Contains(ours.IP))
		})
		if i >= 0 {
			errs = append(errs, fmt.Errorf("the network %s of the machine collides with the cluster's %s", addresses[i], network))
		}
	}
	return errs
}

func (c *Cluster) space() []error {
	var errs []error
	var memory syscall.Sysinfo_t
	if err := syscall.Sysinfo(&memory); err != nil {
		errs = append(errs, err)
	} else if free := (memory.Totalram * uint64(memory.Unit)) >> 20; free < 2048 {
		errs = append(errs, fmt.Errorf("the machine has %d MiB of memory: a cluster needs 2048", free))
	}
	dir := existingParent(c.Dir)
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		errs = append(errs, fmt.Errorf("asking for the free space of %s: %w", dir, err))
	} else if free := (disk.Bavail * uint64(disk.Bsize)) >> 20; free < 1024 {
		errs = append(errs, fmt.Errorf("%d MiB of disk are free under %s: a cluster needs 1024", free, dir))
	}
	return errs
}

// existingParent is the nearest folder above path, or path itself, that exists.
func existingParent(path string) string {
	for path != "/" {
		if _, err := os.Stat(path); err == nil {
			return path
		}
		path = filepath.Dir(path)
	}
	return path
}
