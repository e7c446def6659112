package slapdtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy passes connections on to a server until it is told to break them.
type Proxy struct {
	// URL is where clients connect to.
	URL string

	listener net.Listener
	backend  string
	// left is how many more bytes of the server's answers pass before every connection is cut; negative: no end.
	left atomic.Int64

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
		p.work.Wait()
	})
	return p
}

// CutAfter breaks all connections once the server has answered so many more bytes. It lets nothing pass after that
// until it is called again; a negative number lets everything pass.
func (p *Proxy) CutAfter(bytes int64) { p.left.Store(bytes) }

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
		p.work.Go(func() { p.pass(server, client, false) })
		p.work.Go(func() { p.pass(client, server, true) })
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

// pass copies until either side ends, then ends both. Only answers are counted.
func (p *Proxy) pass(to, from net.Conn, counted bool) {
	defer func() {
		to.Close()
		from.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, from)
	}()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if counted {
			n = p.allow(n)
		}
		if _, writeErr := to.Write(buffer[:n]); writeErr != nil || err != nil || counted && p.left.Load() == 0 {
			return
		}
	}
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
