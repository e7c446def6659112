package slapdtest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Proxy passes connections on to a server until it is told to break them.
type Proxy struct {
	// URL is where clients connect to.
	URL string

	listener net.Listener
	backend  string
	// left is how many more bytes of the server's answers pass before every connection is cut; negative: no end.
	left atomic.Int64

	// change is what Tamper was given, held is closed when Hold ends; both may be nil.
	change atomic.Pointer[func([]byte) [][]byte]
	held   atomic.Pointer[chan struct{}]

	mu    sync.Mutex
	ended bool
	conns map[net.Conn]struct{}
	work  sync.WaitGroup
}

// Proxy puts a proxy before the server's plain address. It ends with the test.
func (s *Server) Proxy(t testing.TB) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening for the proxy: %v", err)
	}
	p := &Proxy{URL: "ldap://" + listener.Addr().String(), listener: listener, backend: s.Addr, conns: map[net.Conn]struct{}{}}
	p.left.Store(-1)
	p.work.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.Cut()
		if gate := p.held.Load(); gate != nil {
			close(*gate)
		}
		p.work.Wait()
	})
	return p
}

// CutAfter breaks all connections once the server has answered so many more bytes. It lets nothing pass after that
// until it is called again; a negative number lets everything pass.
func (p *Proxy) CutAfter(bytes int64) { p.left.Store(bytes) }

// Tamper lets a function see each message of the server (without TLS), and say what the client gets instead. Nil ends it.
func (p *Proxy) Tamper(change func(message []byte) [][]byte) {
	if change == nil {
		p.change.Store(nil)
		return
	}
	p.change.Store(&change)
}

// Hold keeps back what the server answers, without closing connections, until the returned function is called.
func (p *Proxy) Hold() (resume func()) {
	gate := make(chan struct{})
	p.held.Store(&gate)
	return sync.OnceFunc(func() {
		p.held.Store(nil)
		close(gate)
	})
}

// Cut breaks the connections that are open now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // the test has ended
		}
		server, err := net.Dial("tcp", p.backend)
		if err != nil {
			client.Close() // the client sees that the server is gone
			continue
		}
		p.keep(client, server)
		p.work.Go(func() { p.pass(server, client, p.copy) })
		p.work.Go(func() { p.pass(client, server, p.answer) })
	}
}

func (p *Proxy) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		if p.ended {
			conn.Close() // accepted while the test ended
		}
		p.conns[conn] = struct{}{}
	}
}

// pass copies until either side ends, then ends both.
func (p *Proxy) pass(to, from net.Conn, step func(to io.Writer, from *bufio.Reader) error) {
	defer func() {
		to.Close()
		from.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, from)
	}()
	in := bufio.NewReader(from)
	for step(to, in) == nil {
	}
}

// copy passes on what there is.
func (p *Proxy) copy(to io.Writer, from *bufio.Reader) error {
	if _, err := from.Peek(1); err != nil {
		return err
	}
	data, err := from.Peek(from.Buffered())
	if err != nil {
		return err
	}
	if _, err := to.Write(data); err != nil {
		return err
	}
	_, err = from.Discard(len(data))
	return err
}

// answer passes on what the server answered, as far as it may.
func (p *Proxy) answer(to io.Writer, from *bufio.Reader) error {
	var out bytes.Buffer
	var err error
	if change := p.change.Load(); change == nil {
		err = p.copy(&out, from)
	} else {
		err = tampered(&out, from, *change)
	}
	if err != nil {
		return err
	}
	if gate := p.held.Load(); gate != nil {
		<-*gate
	}
	data := out.Bytes()
	allowed := p.allow(len(data))
	if _, err := to.Write(data[:allowed]); err != nil {
		return err
	}
	if p.left.Load() == 0 {
		return errCut
	}
	return nil
}

var errCut = errors.New("the connection is cut here")

// tampered reads one message and writes what becomes of it.
func tampered(to *bytes.Buffer, from *bufio.Reader, change func([]byte) [][]byte) error {
	packet, err := ber.ReadPacket(from)
	if err != nil {
		return err
	}
	for _, message := range change(packet.Bytes()) {
		to.Write(message)
	}
	return nil
}

// allow says how many of n bytes may pass.
func (p *Proxy) allow(n int) int {
	for {
		left := p.left.Load()
		if left < 0 {
			return n
		}
		n = int(min(int64(n), left))
		if p.left.CompareAndSwap(left, left-int64(n)) {
			return n
		}
	}
}
