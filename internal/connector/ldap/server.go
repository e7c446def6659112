package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// How long we wait for a server to accept a connection, and to send the next part of an answer.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 60 * time.Second
)

// maxIdle is how long an unused connection is trusted. Servers and firewalls drop idle connections, some without a word.
const maxIdle = 30 * time.Second

// server is the one server that serves a run, with the idle connections to it.
type server struct {
	url      string
	options  wire.Options
	bindDN   string
	password string
	// anonymous: there is no login.
	anonymous bool

	// index is its place in the list of servers, and passed says why none of those before it serves.
	index  int
	passed []error

	mu     sync.Mutex
	closed bool
	idle   []idleConn
}

type idleConn struct {
	conn  *wire.Conn
	since time.Time
}

// connect logs in to the first server that answers, from a place in the list on. A server that answers and refuses ends the search: asking the
// next one with the same wrong password could lock the account. passed says why those before that place do not serve.
func connect(ctx context.Context, config Config, from int, passed []error) (*server, error) {
	if !config.Anonymous && (config.BindDN == "" || config.Password == "") {
		return nil, errEmptyLogin()
	}
	trust, err := trustOf(config.CA)
	if err != nil {
		return nil, err
	}
	for index := from; index < len(config.URLs); index++ {
		s, err := serverAt(config.URLs[index], config, trust)
		if err != nil {
			return nil, err
		}
		conn, err := s.dial(ctx)
		if err == nil {
			s.index, s.passed = index, passed
			s.giveBack(conn)
			return s, nil
		}
		passed = append(slices.Clip(passed), err)
		if connector.ClassOf(err) != connector.Unavailable {
			break
		}
	}
	return nil, noServer(passed)
}

// noServer is the error of a list in which no server can be used.
func noServer(passed []error) error {
	if len(passed) == 1 {
		return passed[0]
	}
	texts := make([]string, len(passed))
	for i, err := range passed {
		texts[i] = err.Error()
	}
	return &connector.Error{Class: connector.ClassOf(passed[len(passed)-1]), Err: fmt.Errorf("none of the servers can be used: %s", strings.Join(texts, "; "))}
}

// trustOf builds the pool of trusted authorities; nil is the system's.
func trustOf(ca []byte) (*x509.CertPool, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, &connector.Error{Class: connector.Untrusted, Err: errors.New("the CA bundle holds no certificate: it must be PEM, -----BEGIN CERTIFICATE-----")}
	}
	return pool, nil
}

func serverAt(address string, config Config, trust *x509.CertPool) (*server, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, &connector.Error{Class: connector.Invalid, Err: err}
	}
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[parsed.Scheme]
	}
	s := &server{url: address, bindDN: config.BindDN, password: config.Password, anonymous: config.Anonymous}
	s.options = wire.Options{Address: net.JoinHostPort(parsed.Hostname(), port), StartTLS: config.StartTLS, Timeout: answerTimeout}
	if parsed.Scheme == "ldaps" || config.StartTLS {
		s.options.TLS = &tls.Config{ServerName: parsed.Hostname(), RootCAs: trust, MinVersion: tls.VersionTLS12}
	}
	return s, nil
}

// dial makes a connection that is logged in.
func (s *server) dial(ctx context.Context) (*wire.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := wire.Dial(limited, s.options)
	if err != nil {
		return nil, s.failed(ctx, "connecting to it", err)
	}
	if s.anonymous {
		return conn, nil
	}
	if err := conn.Bind(limited, s.bindDN, s.password); err != nil {
		return nil, s.loginFailed(ctx, errors.Join(err, conn.Close()))
	}
	return conn, nil
}

// loginFailed is the error of a login. A username that is no name for the server is a matter of the Secret, not of the connection.
func (s *server) loginFailed(ctx context.Context, err error) error {
	attempt := fmt.Sprintf("logging in as %q", s.bindDN)
	var result *goldap.Error
	if ctx.Err() == nil && errors.As(err, &result) && result.ResultCode == goldap.LDAPResultInvalidDNSyntax {
		advice := "the username is not a distinguished name: correct the key username of the Secret, for example cn=sync,dc=example,dc=com"
		return &connector.Error{Class: connector.Credentials, Err: fmt.Errorf("%s: %s: %w", s.url, attempt, &refusal{text: answered(advice, result), cause: err})}
	}
	return s.failed(ctx, attempt, err)
}

// borrow takes a connection that was used before, or makes one.
func (s *server) borrow(ctx context.Context) (conn *wire.Conn, used bool, err error) {
	for {
		s.mu.Lock()
		count := len(s.idle)
		if count == 0 {
			s.mu.Unlock()
			conn, err := s.dial(ctx)
			return conn, false, err
		}
		last := s.idle[count-1]
		s.idle = s.idle[:count-1]
		s.mu.Unlock()
		if time.Since(last.since) < maxIdle {
			return last.conn, true, nil
		}
		last.conn.Close() // nothing was asked on it, so nothing is lost
	}
}

// giveBack keeps a connection for the next one who needs it, unless it is broken.
func (s *server) giveBack(conn *wire.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || conn.Broken() {
		conn.Close() // its failure, if there was one, is reported already
		return
	}
	s.idle = append(s.idle, idleConn{conn, time.Now()})
}

func (s *server) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, idle := range s.idle {
		idle.conn.Close() // the work on it is done
	}
	s.idle = nil
	return nil
}
