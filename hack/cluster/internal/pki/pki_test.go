package pki

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServerAndClientTrustEachOther(t *testing.T) {
	dir := t.TempDir()
	authority, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Server("api", Subject{CommonName: "api", Addresses: []net.IP{net.IPv4(127, 0, 0, 1)}}); err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := authority.Kubeconfig(kubeconfig, "https://127.0.0.1:1", Subject{CommonName: "admin", Organization: "system:masters"}); err != nil {
		t.Fatal(err)
	}
	if err := authority.Client("admin", Subject{CommonName: "admin", Organization: "system:masters"}); err != nil {
		t.Fatal(err)
	}
	serverPair, err := tls.LoadX509KeyPair(filepath.Join(dir, "api.crt"), filepath.Join(dir, "api.key"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := ClientConfig(dir, "admin")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{serverPair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: client.RootCAs,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			err = conn.(*tls.Conn).HandshakeContext(t.Context())
			conn.Close()
		}
		accepted <- err
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := <-accepted; err != nil {
		t.Errorf("the server refused the client's certificate: %v", err)
	}
	data, err := os.ReadFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "server: https://127.0.0.1:1\n") {
		t.Errorf("the kubeconfig does not name the server:\n%s", data)
	}
	if info, err := os.Stat(kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig holds a key and must be its owner's alone: %v, %v", info.Mode(), err)
	}
}
