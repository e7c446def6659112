package cluster

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strconv"

	"synccenter.dev/synccenter/hack/cluster/internal/pki"
)

// writePKI makes the certificate of each server and the kubeconfig of each client.
func (c *Cluster) writePKI(nodes []node) error {
	ca, err := pki.New(c.pki())
	if err != nil {
		return err
	}
	if err := ca.KeyPair("service-accounts"); err != nil {
		return err
	}
	first := net.ParseIP(nodes[0].address)
	err = ca.Server("apiserver", pki.Subject{
		CommonName: "kube-apiserver",
		Addresses:  []net.IP{first, net.IPv4(127, 0, 0, 1), net.ParseIP(apiService)},
		Names:      []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
	})
	if err != nil {
		return err
	}
	if err := ca.Client("apiserver-kubelet", pki.Subject{CommonName: "apiserver-kubelet", Organization: "system:masters"}); err != nil {
		return err
	}
	admin := pki.Subject{CommonName: "admin", Organization: "system:masters"}
	if err := ca.Client("admin", admin); err != nil {
		return err
	}
	clients := map[string]pki.Subject{
		c.Kubeconfig():                admin,
		c.kubeconfigOf("controllers"): {CommonName: "system:kube-controller-manager"},
		c.kubeconfigOf("scheduler"):   {CommonName: "system:kube-scheduler"},
		c.kubeconfigOf("proxy"):       {CommonName: "system:kube-proxy"},
		c.kubeconfigOf("dns"):         {CommonName: dnsUser},
	}
	for _, n := range nodes {
		clients[c.kubeconfigOf(n.name)] = pki.Subject{CommonName: "system:node:" + n.name, Organization: "system:nodes"}
		subject := pki.Subject{CommonName: n.name, Names: []string{n.name}, Addresses: []net.IP{net.ParseIP(n.address)}}
		if err := ca.Server("kubelet-"+n.name, subject); err != nil {
			return err
		}
	}
	for path, subject := range clients {
		if err := ca.Kubeconfig(path, c.apiURL(), subject); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) kubeconfigOf(client string) string {
	return filepath.Join(c.pki(), client+".kubeconfig")
}

// startAPIServer starts etcd and kube-apiserver. etcd does not sync its disk: the data need not survive the machine.
func (c *Cluster) startAPIServer(first node) error {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	err := first.launch("etcd", c.program("etcd"), "--data-dir", filepath.Join(first.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(c.pki(), name) }
	return first.launch("apiserver", c.program("kube-apiserver"),
		"--etcd-servers="+client, "--secure-port="+strconv.Itoa(apiPort), "--bind-address=0.0.0.0", "--advertise-address="+first.address,
		"--service-cluster-ip-range="+serviceNetwork,
		"--tls-cert-file="+in("apiserver.crt"), "--tls-private-key-file="+in("apiserver.key"), "--client-ca-file="+in("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+in("service-accounts.pub"), "--service-account-signing-key-file="+in("service-accounts.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--kubelet-client-certificate="+in("apiserver-kubelet.crt"), "--kubelet-client-key="+in("apiserver-kubelet.key"),
		"--kubelet-certificate-authority="+in("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file="+in("ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-")
}

// startControllers starts the controller manager and the scheduler.
//
// The default rate of 20 requests a second makes a dozen Jobs slow. A lost node is seen after 12 s, not 50, so that tests of
// a lost node take seconds.
func (c *Cluster) startControllers(first node) error {
	in := func(name string) string { return filepath.Join(c.pki(), name) }
	kubeconfig := c.kubeconfigOf("controllers")
	err := first.launch("controller-manager", c.program("kube-controller-manager"),
		"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
		"--service-account-private-key-file="+in("service-accounts.key"), "--root-ca-file="+in("ca.crt"), "--use-service-account-credentials=true",
		"--cluster-signing-cert-file="+in("ca.crt"), "--cluster-signing-key-file="+in("ca.key"),
		"--leader-elect=false", "--allocate-node-cidrs=false", "--bind-address=127.0.0.1",
		"--kube-api-qps=500", "--kube-api-burst=1000", "--node-monitor-period=1s", "--node-monitor-grace-period=12s")
	if err != nil {
		return err
	}
	kubeconfig = c.kubeconfigOf("scheduler")
	return first.launch("scheduler", c.program("kube-scheduler"),
		"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
		"--leader-elect=false", "--bind-address=127.0.0.1")
}

// dnsUser has a role of its own: the ClusterRole view would be empty for the first seconds of a cluster's life.
const dnsUser = "cluster-dns"

const dnsRole = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cluster-dns"},"rules":[
	{"verbs":["list","watch"],"apiGroups":[""],"resources":["services","namespaces"]},
	{"verbs":["list","watch"],"apiGroups":["discovery.k8s.io"],"resources":["endpointslices"]}]}`

const dnsRoleBinding = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"cluster-dns"},
	"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-dns"},
	"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"cluster-dns"}]}`

func (c *Cluster) startDNS(ctx context.Context, api *apiClient, first node) error {
	const rbac = "/apis/rbac.authorization.k8s.io/v1/"
	if err := api.do(ctx, http.MethodPost, rbac+"clusterroles", dnsRole, nil); err != nil {
		return err
	}
	if err := api.do(ctx, http.MethodPost, rbac+"clusterrolebindings", dnsRoleBinding, nil); err != nil {
		return err
	}
	return first.launch("dns", filepath.Join(c.Node, "dns"), "-conf", filepath.Join(first.dir, "Corefile"))
}

// startAgents starts what every node has. kube-proxy leaves the machine's settings for tracked connections alone (0), and
// neither lowers its own out-of-memory score, which root may not be allowed to.
func (c *Cluster) startAgents(n node) error {
	err := n.launch("proxy", c.program("kube-proxy"), "--kubeconfig="+c.kubeconfigOf("proxy"), "--proxy-mode=nftables",
		"--cluster-cidr="+podNetwork, "--hostname-override="+n.name, "--bind-address="+n.address, "--oom-score-adj=0",
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0")
	if err != nil {
		return err
	}
	return n.launch("kubelet", c.program("kubelet"), "--config="+filepath.Join(n.dir, "kubelet.yaml"),
		"--kubeconfig="+c.kubeconfigOf(n.name), "--hostname-override="+n.name, "--node-ip="+n.address,
		"--root-dir="+filepath.Join(n.dir, "kubelet"), "--cert-dir="+filepath.Join(n.dir, "certs"), "--oom-score-adj=0")
}
