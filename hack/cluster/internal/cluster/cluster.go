// Package cluster runs a real Kubernetes of a few nodes on one Linux machine, without a container engine around it.
//
// A node is a set of namespaces (pid, mount, net, ipc, uts) with its own containerd, kubelet and kube-proxy; node1 also runs
// etcd, the control plane and DNS. The machine reaches nodes, pods and Services by their addresses, and they reach the machine;
// no route leads further. There is one cluster a machine. All its files are in one folder, which Down removes.
package cluster

import (
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// The addresses of the cluster. Node i is 10.200.0.(10+i), its pods are in 10.88.i.0/24.
const (
	nodeNetwork    = "10.200.0"
	machineAddress = nodeNetwork + ".1"
	serviceNetwork = "10.96.0.0/16"
	apiService     = "10.96.0.1" // the first of the service network, by a rule of Kubernetes
	podNetwork     = "10.88.0.0/16"
	apiPort        = 6443
	maxNodes       = 9 // more were never tried; addresses would allow for 244
)

// Cluster is the one that has, or will have, its files in Dir.
type Cluster struct {
	Dir        string    // for all that runs; outside the checkout, on a disk
	Kubernetes string    // the folder of etcd, kubectl and the servers of Kubernetes; only Up needs it
	Node       string    // the folder of dns and pause.tar; only Up needs it
	Log        io.Writer // progress, for a person
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.Dir, "kubeconfig") }

// Kubectl is the path of the kubectl that fits the cluster.
func (c *Cluster) Kubectl() string { return filepath.Join(c.Dir, "kubernetes", "kubectl") }

func (c *Cluster) pki() string { return filepath.Join(c.Dir, "pki") }

func (c *Cluster) program(name string) string { return filepath.Join(c.Kubernetes, name) }

func (c *Cluster) nodes(count int) []node {
	nodes := make([]node, count)
	for i := range nodes {
		nodes[i] = c.node(i + 1)
	}
	return nodes
}

func (c *Cluster) node(index int) node {
	name := fmt.Sprintf("node%d", index)
	return node{
		index:   index,
		name:    name,
		address: fmt.Sprintf("%s.%d", nodeNetwork, 10+index),
		pods:    fmt.Sprintf("10.88.%d.0/24", index),
		dir:     filepath.Join(c.Dir, name),
		cluster: c.Dir,
	}
}

// step prints what was just done, with the seconds since start.
func (c *Cluster) step(start time.Time, what string) {
	fmt.Fprintf(c.Log, "%5.1fs %s\n", time.Since(start).Seconds(), what)
}
