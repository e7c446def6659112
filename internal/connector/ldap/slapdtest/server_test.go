package slapdtest_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

func TestServerKeepsItsEntriesOverACrash(t *testing.T) {
	server := slapdtest.Start(t, slapdtest.Options{LDIF: slapdtest.Unit("ou=first," + slapdtest.Org), Durable: true})
	tree := server.Tree(t)
	server.Kill()
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	conn := server.Conn(t)
	for _, dn := range []string{"ou=first," + slapdtest.Org, tree.People, tree.Org} {
		if _, err := conn.Search(&goldap.SearchRequest{BaseDN: dn, Filter: "(objectClass=*)"}); err != nil {
			t.Errorf("reading %s: %v", dn, err)
		}
	}
}

func TestServerSpeaksTLSBothWays(t *testing.T) {
	server := slapdtest.Start(t, slapdtest.Options{})
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(server.CA) {
		t.Fatal("the authority's certificate cannot be read")
	}
	trust := &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
	direct, err := goldap.DialURL(server.TLSURL, goldap.DialWithTLSConfig(trust))
	if err != nil {
		t.Fatalf("connecting over TLS: %v", err)
	}
	defer direct.Close()
	upgraded := server.Conn(t)
	if err := upgraded.StartTLS(trust); err != nil {
		t.Fatalf("StartTLS: %v", err)
	}
	if err := direct.Bind(slapdtest.ReaderDN, slapdtest.ReaderPassword); err != nil {
		t.Errorf("binding as the reader: %v", err)
	}
}

func TestProxyCutsInTheMiddleOfAnAnswer(t *testing.T) {
	server := slapdtest.Start(t, slapdtest.Options{})
	proxy := server.Proxy(t)
	conn, err := goldap.DialURL(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	search := &goldap.SearchRequest{BaseDN: slapdtest.Suffix, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=*)"}
	if _, err := conn.Search(search); err != nil {
		t.Fatalf("searching through the proxy: %v", err)
	}
	proxy.CutAfter(100)
	if _, err := conn.Search(search); err == nil {
		t.Error("a cut search ended without an error")
	}
}
