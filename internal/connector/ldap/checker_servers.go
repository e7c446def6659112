package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// expiresSoon is how long before its end a certificate is warned of.
const expiresSoon = 14 * 24 * time.Hour

// reached says how far a server let us come.
type reached int

const (
	unreachable reached = iota
	// refusing: it answers, and does not let us in. A run ends there: asking the next one with the same login could lock the account.
	refusing
	usable
)

// servers tries every server and answers with the one that a run would use, or empty. A dead one is a warning while another answers.
func (c *Checker) servers(ctx context.Context, trust *x509.CertPool) string {
	chosen, refused := "", false
	for _, address := range c.config.URLs {
		first := len(c.steps.list)
		how := c.server(ctx, address, trust, !refused)
		switch {
		case how == usable && chosen == "" && !refused:
			chosen = address
		case how == refusing && chosen == "":
			refused = true
		}
		if len(c.config.URLs) > 1 {
			nameServer(c.steps.list[first:], address)
		}
	}
	if chosen != "" {
		for i := range c.steps.list {
			if step := &c.steps.list[i]; step.Mark == connector.Failed {
				step.Mark, step.Class = connector.Warning, ""
				step.Message += "; runs use " + chosen
			}
		}
	}
	return chosen
}

// nameServer says in the names of steps which of several servers they are about.
func nameServer(steps []connector.Step, address string) {
	_, host, _ := strings.Cut(address, "://")
	for i := range steps {
		steps[i].Name += " " + host
	}
}

// server tries one server as far as it lets us.
func (c *Checker) server(ctx context.Context, address string, trust *x509.CertPool, mayLogIn bool) reached {
	s, err := serverAt(address, c.config, trust)
	if !c.steps.quietly("address", func() error { return err }) {
		return refusing
	}
	if !c.resolves(ctx, s) || !c.steps.try("connection", func() (string, error) { return connects(ctx, s) }) {
		return unreachable
	}
	var conn *wire.Conn
	limited, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if !c.encrypted(s, func() error {
		conn, err = wire.Dial(limited, s.options)
		if err != nil {
			return s.failed(ctx, "connecting to it", err)
		}
		return nil
	}, func() *tls.ConnectionState { return conn.TLS() }) {
		if c.steps.list[len(c.steps.list)-1].Class == connector.Unavailable {
			return unreachable
		}
		return refusing
	}
	defer conn.Close()
	return c.logsIn(limited, s, conn, mayLogIn)
}

// resolves asks for the addresses of a name. An address in numbers needs no asking.
func (c *Checker) resolves(ctx context.Context, s *server) bool {
	host, _, err := net.SplitHostPort(s.options.Address)
	if err == nil && net.ParseIP(host) != nil {
		return true
	}
	return c.steps.try("name", func() (string, error) {
		limited, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		addresses, err := net.DefaultResolver.LookupHost(limited, host)
		if err != nil {
			return "", s.failed(ctx, "looking for its address", err)
		}
		return fmt.Sprintf("%s is %s", host, strings.Join(addresses, ", ")), nil
	})
}

// connects opens a connection and closes it again.
func connects(ctx context.Context, s *server) (string, error) {
	limited, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(limited, "tcp", s.options.Address)
	if err != nil {
		return "", s.failed(ctx, "connecting to it", err)
	}
	return fmt.Sprintf("%s answers", s.options.Address), conn.Close()
}

// encrypted makes the connection that is used from here on. One in plain text is a warning when a password goes over it.
func (c *Checker) encrypted(s *server, dial func() error, state func() *tls.ConnectionState) bool {
	if s.options.TLS == nil {
		if !c.steps.quietly("connection", dial) {
			return false
		}
		if !s.anonymous {
			c.steps.list = append(c.steps.list, connector.Step{Name: "encryption", Mark: connector.Warning, Message: s.url +
				": the password and all entries cross the network in plain text: use ldaps:// or startTLS"})
		}
		return true
	}
	if !c.steps.try("certificate", func() (string, error) { return "", dial() }) {
		return false
	}
	c.describeCertificate(s, state())
	return true
}

// describeCertificate says whose certificate was trusted, and until when.
func (c *Checker) describeCertificate(s *server, state *tls.ConnectionState) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	leaf := state.PeerCertificates[0]
	until := leaf.NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	if leaf.NotAfter.Sub(c.now()) < expiresSoon {
		c.steps.remark(connector.Warning, "%s: its certificate expires at %s, and nothing is synced after that: have it renewed", s.url, until)
		return
	}
	c.steps.remark(connector.Passed, "%s, valid until %s", tls.VersionName(state.Version), until)
}

// logsIn logs in, unless a server before this one refuses the same login.
func (c *Checker) logsIn(ctx context.Context, s *server, conn *wire.Conn, may bool) reached {
	switch {
	case s.anonymous:
		return usable
	case !may:
		c.steps.skip("login", "not tried: a server before this one refuses, and a wrong password that is tried often can lock the account")
		return unreachable
	}
	ok := c.steps.try("login", func() (string, error) {
		if s.bindDN == "" || s.password == "" {
			return "", errEmptyLogin()
		}
		if err := conn.Bind(ctx, s.bindDN, s.password); err != nil {
			return "", s.loginFailed(ctx, err)
		}
		return fmt.Sprintf("%q is logged in", s.bindDN), nil
	})
	switch {
	case ok:
		return usable
	case c.steps.list[len(c.steps.list)-1].Class == connector.Unavailable:
		return unreachable
	}
	return refusing
}

// errEmptyLogin is the error of a login that is never sent.
func errEmptyLogin() error {
	return &connector.Error{Class: connector.Credentials, Err: errors.New(
		"username or password is empty: an empty password would log in as nobody, so it is not sent; fill in both keys of the Secret")}
}
