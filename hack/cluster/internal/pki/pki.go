// Package pki makes the certificates of a cluster that lives for days, and the kubeconfig files that carry them.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime is longer than a throw-away cluster lives and short enough that a forgotten key is soon worthless.
const lifetime = 30 * 24 * time.Hour

// Authority signs certificates and writes them, with their keys, into a folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// Subject is whom a certificate is for.
type Subject struct {
	CommonName   string
	Organization string   // a group, for Kubernetes
	Addresses    []net.IP // of a server
	Names        []string // of a server
}

// New makes an authority and writes ca.crt and ca.key into dir.
func New(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(Subject{CommonName: "synccenter-local-cluster"})
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	a := &Authority{dir: dir, cert: template, key: key}
	a.pem, err = a.sign(template, key)
	if err != nil {
		return nil, err
	}
	if err := a.writeKey("ca.key", key); err != nil {
		return nil, err
	}
	return a, a.write("ca.crt", a.pem)
}

// Server writes NAME.crt and NAME.key for a TLS server.
func (a *Authority) Server(name string, subject Subject) error {
	_, _, err := a.issue(name, subject, x509.ExtKeyUsageServerAuth)
	return err
}

// Client writes NAME.crt and NAME.key for a client of TLS servers.
func (a *Authority) Client(name string, subject Subject) error {
	_, _, err := a.issue(name, subject, x509.ExtKeyUsageClientAuth)
	return err
}

// Kubeconfig writes a kubeconfig file at path for a client of the API server at that URL.
func (a *Authority) Kubeconfig(path, server string, subject Subject) error {
	cert, key, err := a.issue("", subject, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return err
	}
	b64 := base64.StdEncoding.EncodeToString
	return os.WriteFile(path, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: synccenter
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: %[3]q
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: synccenter
  context: {cluster: synccenter, user: %[3]q}
current-context: synccenter
`, server, b64(a.pem), subject.CommonName, b64(cert), b64(key)), 0o600)
}

// KeyPair writes NAME.key and NAME.pub, which no certificate is about.
func (a *Authority) KeyPair(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := a.writeKey(name+".key", key); err != nil {
		return err
	}
	return a.write(name+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

// issue makes a certificate and its key, both in PEM, and writes them unless name is empty.
func (a *Authority) issue(name string, subject Subject, usage x509.ExtKeyUsage) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template, err := newTemplate(subject)
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	if certPEM, err = a.sign(template, key); err != nil {
		return nil, nil, err
	}
	if keyPEM, err = encodeKey(key); err != nil || name == "" {
		return certPEM, keyPEM, err
	}
	if err := a.write(name+".key", keyPEM); err != nil {
		return nil, nil, err
	}
	return certPEM, keyPEM, a.write(name+".crt", certPEM)
}

func newTemplate(s Subject) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	name := pkix.Name{CommonName: s.CommonName}
	if s.Organization != "" {
		name.Organization = []string{s.Organization}
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      name,
		IPAddresses:  s.Addresses,
		DNSNames:     s.Names,
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(lifetime),
	}, nil
}

func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %s: %w", template.Subject.CommonName, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func (a *Authority) writeKey(name string, key *ecdsa.PrivateKey) error {
	data, err := encodeKey(key)
	if err != nil {
		return err
	}
	return a.write(name, data)
}

func (a *Authority) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(a.dir, name), data, 0o600)
}
