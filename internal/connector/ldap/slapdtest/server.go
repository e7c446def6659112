package slapdtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// The accounts of every server. Admin may do everything; Reader has no right and no limit but those that Options.Database states.
const (
	Suffix         = "dc=example,dc=com"
	AdminDN        = "cn=admin," + Suffix
	AdminPassword  = "admin-secret"
	ReaderDN       = "cn=reader," + Suffix
	ReaderPassword = "reader-secret"
)

// nobody is the user that slapd runs as when the tests run as root.
const nobody = 65534

// Options says how a server differs from a plain one.
type Options struct {
	// LDIF is loaded before the server starts, below the suffix entry, which exists, as do ReaderDN, People and Org.
	LDIF string
	// Global holds lines for the global section of slapd.conf: limits, schema.
	Global string
	// Database holds lines for the database: access rules, limits, indexes, overlays (refint, unique and memberof are loaded).
	Database string
	// Hosts are the names in the server's certificate; 127.0.0.1 and localhost when empty.
	Hosts []string
	// NoTLS makes a server that offers no TLS: TLSURL and StartTLS do not work.
	NoTLS bool
	// CopyOf is the URL of a server, with Syncprov in its Database, of which this one is a copy. It begins empty and has no LDIF.
	CopyOf string
	// Durable makes the server flush each write to disk. It is slow, as in production.
	Durable bool
}

// Server is a running slapd.
type Server struct {
	// Addr is host:port of URL.
	Addr string
	// URL serves plain LDAP and StartTLS, TLSURL serves LDAP over TLS.
	URL, TLSURL string
	// CA is the certificate, in PEM, that TLS clients must trust.
	CA []byte

	folder  string
	process *exec.Cmd
	ended   chan struct{}
}

// Start starts a server for one test and stops it when the test ends.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	server, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// New starts a server. The caller closes it.
func New(options Options) (*Server, error) {
	slapd, err := program("slapd")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "slapd-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of a test server: %w", err)
	}
	server := &Server{folder: folder}
	if err := server.prepare(slapd, options); err != nil {
		server.Close()
		return nil, fmt.Errorf("preparing a test server in %s: %w", folder, err)
	}
	for attempt := 1; ; attempt++ {
		err = server.choosePorts()
		if err == nil {
			err = server.Restart()
		}
		if err == nil {
			return server, nil
		}
		if attempt == 3 { // another process may take a free port before slapd does, though not three times
			server.Close()
			return nil, err
		}
	}
}

// program finds one of OpenLDAP's programs, which are not in the PATH of everyone.
func program(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: `make test` installs it (on Debian: apt-get install slapd ldap-utils)", name)
}

// asNobody makes a command run without the rights of root.
func asNobody(command *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return command
}

func (s *Server) choosePorts() error {
	addresses := make([]string, 0, 2)
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("looking for a free port: %w", err)
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	s.Addr, s.URL, s.TLSURL = addresses[0], "ldap://"+addresses[0], "ldaps://"+addresses[1]
	return nil
}

// Restart starts a server that was stopped or killed, at the same address and with the same entries.
func (s *Server) Restart() error {
	slapd, err := program("slapd")
	if err != nil {
		return err
	}
	var output bytes.Buffer
	command := asNobody(exec.Command(slapd, "-d", "0", "-f", filepath.Join(s.folder, "slapd.conf"), "-h", s.URL+"/ "+s.TLSURL+"/"))
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting slapd: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // it ends by a signal, which is what we want
	}()
	s.process, s.ended = command, ended
	if err := s.awaitAnswer(); err != nil {
		s.Kill()
		return fmt.Errorf("starting slapd at %s: %w: %s", s.URL, err, output.String())
	}
	return nil
}

func (s *Server) awaitAnswer() error {
	deadline := time.After(20 * time.Second)
	for {
		conn, err := s.dial()
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-deadline:
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) dial() (*goldap.Conn, error) {
	conn, err := goldap.DialURL(s.URL)
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(AdminDN, AdminPassword); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Conn is a connection of the administrator, closed when the test ends.
func (s *Server) Conn(t testing.TB) *goldap.Conn {
	t.Helper()
	conn, err := s.dial()
	if err != nil {
		t.Fatalf("connecting to the test server: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// PID is the server's process, for those who measure it.
func (s *Server) PID() int { return s.process.Process.Pid }

// Stop ends the server in good order.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(how syscall.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(how) // an ended process is what is asked for
	<-s.ended
	s.process = nil
}

// Pause stops the server from answering, without closing its connections, until the returned function is called.
func (s *Server) Pause() (resume func()) {
	process := s.process.Process
	_ = process.Signal(syscall.SIGSTOP) // fails only when the server is gone, which then shows by itself
	return func() { _ = process.Signal(syscall.SIGCONT) }
}

// Close ends the server and removes its folder.
func (s *Server) Close() {
	s.Kill()
	_ = os.RemoveAll(s.folder) // a leftover in the temporary folder is no reason to fail a test
}
