package cluster

import (
	"context"
	"fmt"
)

// machineLink is the machine's end of the only link to the cluster; its routes go when it goes.
const machineLink = "synccenter0"

// connect joins the nodes by a bridge in node1, and the machine to it.
//
// The bridge has a fixed hardware address: otherwise the address changes when the port with the lowest one goes, so that
// the API would be unreachable for half a minute after a node is lost.
func (c *Cluster) connect(ctx context.Context, nodes []node) error {
	first := nodes[0]
	firstPID, err := first.pid()
	if err != nil {
		return err
	}
	inFirst, err := first.enter(ctx)
	if err != nil {
		return err
	}
	if err := each(inFirst,
		"ip link add br0 address 02:00:0a:c8:00:0b type bridge",
		"ip addr add "+first.address+"/24 dev br0",
		"ip link set br0 up",
		"ip route add "+serviceNetwork+" via "+machineAddress, // any next hop will do: kube-proxy takes packets to Services before they leave
	); err != nil {
		return err
	}
	if err := each(onMachine(ctx), fmt.Sprintf("ip link add %s type veth peer name machine netns %d", machineLink, firstPID)); err != nil {
		return err
	}
	if err := each(inFirst, "ip link set machine master br0 up"); err != nil {
		return err
	}
	if err := each(onMachine(ctx),
		"ip addr add "+machineAddress+"/24 dev "+machineLink,
		"ip link set "+machineLink+" up",
		"ip route add "+serviceNetwork+" via "+first.address,
	); err != nil {
		return err
	}
	for _, n := range nodes[1:] {
		if err := c.plug(ctx, n, first, firstPID); err != nil {
			return err
		}
	}
	return c.routePods(ctx, nodes)
}

// plug connects a further node to the bridge in the first one.
func (c *Cluster) plug(ctx context.Context, n, first node, firstPID int) error {
	pid, err := n.pid()
	if err != nil {
		return err
	}
	if err := each(onMachine(ctx), fmt.Sprintf("ip link add eth0 netns %d type veth peer name %s netns %d", pid, n.name, firstPID)); err != nil {
		return err
	}
	inFirst, err := first.enter(ctx)
	if err != nil {
		return err
	}
	if err := each(inFirst, "ip link set "+n.name+" master br0 up"); err != nil {
		return err
	}
	inNode, err := n.enter(ctx)
	if err != nil {
		return err
	}
	return each(inNode,
		"ip addr add "+n.address+"/24 dev eth0",
		"ip link set eth0 up",
		"ip route add "+serviceNetwork+" via "+first.address,
	)
}

// routePods makes the pods of each node reachable from the machine and from the other nodes.
func (c *Cluster) routePods(ctx context.Context, nodes []node) error {
	for _, to := range nodes {
		route := "ip route add " + to.pods + " via " + to.address
		if err := each(onMachine(ctx), route); err != nil {
			return err
		}
		for _, from := range nodes {
			if from.index == to.index {
				continue
			}
			inNode, err := from.enter(ctx)
			if err != nil {
				return err
			}
			if err := each(inNode, route); err != nil {
				return err
			}
		}
	}
	return nil
}
