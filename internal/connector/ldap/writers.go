package ldap

import (
	"context"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// writers are the connections that a target writes with, a limited number of them.
type writers struct {
	server *server
	slots  chan struct{}

	mu     sync.Mutex
	closed bool
	idle   []idleWriter
}

type idleWriter struct {
	conn  *goldap.Conn
	since time.Time
}

func newWriters(server *server, count int) *writers {
	return &writers{server: server, slots: make(chan struct{}, count)}
}

// do runs one request. When the context ends meanwhile, so does the connection, and nobody knows whether the request was carried out.
func (w *writers) do(ctx context.Context, attempt string, request func(*goldap.Conn) error) error {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, err := w.take(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = request(conn)
	if stop() && !isResult(err, goldap.ErrorNetwork) {
		w.giveBack(conn)
	} else {
		conn.Close() // what happened to the request is in err
	}
	if err != nil {
		return w.server.failed(ctx, attempt, err)
	}
	return nil
}

// take uses an idle connection or makes one.
func (w *writers) take(ctx context.Context) (*goldap.Conn, error) {
	w.mu.Lock()
	for len(w.idle) > 0 {
		last := w.idle[len(w.idle)-1]
		w.idle = w.idle[:len(w.idle)-1]
		if !last.conn.IsClosing() && time.Since(last.since) < maxIdle {
			w.mu.Unlock()
			return last.conn, nil
		}
		last.conn.Close() // nothing was asked on it, so nothing is lost
	}
	w.mu.Unlock()
	login, err := w.server.dial(ctx)
	if err != nil {
		return nil, err
	}
	network, err := login.Detach()
	if err != nil {
		return nil, w.server.failed(ctx, "preparing a connection for writing", err)
	}
	conn := goldap.NewConn(network, w.server.options.TLS != nil)
	conn.Start()
	conn.SetTimeout(answerTimeout)
	return conn, nil
}

func (w *writers) giveBack(conn *goldap.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		conn.Close() // the work on it is done
		return
	}
	w.idle = append(w.idle, idleWriter{conn, time.Now()})
}

func (w *writers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, idle := range w.idle {
		idle.conn.Close() // the work on it is done
	}
	w.idle = nil
}
