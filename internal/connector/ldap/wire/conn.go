package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// MaxMessage is the largest message, in bytes, that is read: an entry of 8 MiB is a group of 100,000 members.
const MaxMessage = 8 << 20

const startTLS = "1.3.6.1.4.1.1466.20037"

// Options says how to connect.
type Options struct {
	// Address is host:port.
	Address string
	// TLS is nil for a plain connection.
	TLS *tls.Config
	// StartTLS begins in plain text and turns TLS on before anything else is sent.
	StartTLS bool
	// Timeout bounds connecting, and each wait for the server.
	Timeout time.Duration
}

// Conn is a connection. One goroutine at a time may use it.
type Conn struct {
	conn    net.Conn
	in      *bufio.Reader
	timeout time.Duration
	id      int64
	message []byte
	names   map[string]string
	entry   Entry
	broken  bool
}

// Dial connects. The context bounds the dialling alone.
func Dial(ctx context.Context, options Options) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", options.Address)
	if err != nil {
		return nil, err
	}
	c := newConn(conn, options.Timeout)
	if options.TLS == nil {
		return c, nil
	}
	if options.StartTLS {
		if err := c.startTLS(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	secure := tls.Client(conn, options.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		if !options.StartTLS && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
			return nil, errors.Join(ErrNoTLS, err, conn.Close())
		}
		return nil, errors.Join(cutShort(err), conn.Close())
	}
	return newConn(secure, options.Timeout), nil
}

func newConn(conn net.Conn, timeout time.Duration) *Conn {
	return &Conn{conn: conn, in: bufio.NewReaderSize(patience{conn, timeout}, 64<<10), timeout: timeout, names: map[string]string{}}
}

// patience reads from a connection and waits so long for each part.
type patience struct {
	net.Conn
	timeout time.Duration
}

func (p patience) Read(buffer []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.timeout)); err != nil {
		return 0, err
	}
	return p.Conn.Read(buffer)
}

// Broken reports that the connection can no longer be used.
func (c *Conn) Broken() bool { return c.broken }

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// TLS describes the TLS of the connection; nil for a plain one.
func (c *Conn) TLS() *tls.ConnectionState {
	secure, ok := c.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	return &state
}

// Detach hands the network connection over, with the TLS and the login that it has. The Conn must not be used any more.
func (c *Conn) Detach() (net.Conn, error) {
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return c.conn, nil
}

// Bind logs in with a name and a password, neither of which may be empty: a bind with an empty password is anonymous and succeeds.
func (c *Conn) Bind(ctx context.Context, dn, password string) error {
	if dn == "" || password == "" {
		return errors.New("a bind needs a name and a password")
	}
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationBindRequest, nil, "Bind Request")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 3, "Version"))
	request.AppendChild(octets(dn))
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, password, "Password"))
	return c.exchange(ctx, request, tagBindResponse)
}

// startTLS asks for TLS. Nothing may follow the answer in plain text, or somebody else could have put it there.
func (c *Conn) startTLS(ctx context.Context) error {
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationExtendedRequest, nil, "StartTLS")
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startTLS, "Name"))
	err := c.exchange(ctx, request, tagExtendedResponse)
	var result *goldap.Error
	if errors.As(err, &result) && result.ResultCode == goldap.LDAPResultProtocolError {
		return errors.Join(ErrNoStartTLS, err) // RFC 4511 has this one result for it
	}
	if err != nil {
		return err
	}
	if c.in.Buffered() > 0 {
		return errors.New("the server sent plain text after it agreed to TLS")
	}
	return nil
}

// exchange sends a request that has a single answer.
func (c *Conn) exchange(ctx context.Context, request *ber.Packet, answer byte) error {
	return c.during(ctx, func() error {
		if err := c.send(request, nil); err != nil {
			return err
		}
		m, err := c.receive()
		if err != nil {
			return err
		}
		if m.tag != answer {
			return fmt.Errorf("%w: an answer of kind %#x where %#x is due", errProtocol, m.tag, answer)
		}
		return m.result()
	})
}

// during runs a conversation and closes the connection when the context ends meanwhile. After any failure but a result code
// of the server, nobody can tell what will come next on the connection: it is broken.
func (c *Conn) during(ctx context.Context, conversation func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	err := conversation()
	if !stop() {
		c.broken = true
		return ctx.Err()
	}
	var result *goldap.Error
	if err != nil && (!errors.As(err, &result) || errors.Is(err, ErrDisconnected)) {
		c.broken = true
	}
	return err
}

func (c *Conn) send(request *ber.Packet, controls []goldap.Control) error {
	c.id++
	envelope := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "LDAP Request")
	envelope.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, c.id, "Message ID"))
	envelope.AppendChild(request)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "Controls")
		for _, control := range controls {
			list.AppendChild(control.Encode())
		}
		envelope.AppendChild(list)
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	_, err := c.conn.Write(envelope.Bytes())
	return err
}

// receive reads the next message that answers the last request.
func (c *Conn) receive() (message, error) {
	for {
		size, err := c.header()
		if err != nil {
			return message{}, err
		}
		if cap(c.message) < size {
			c.message = make([]byte, size, max(size, 16<<10))
		}
		c.message = c.message[:size]
		if _, err := io.ReadFull(c.in, c.message); err != nil {
			return message{}, cutShort(err)
		}
		m, err := parseMessage(string(c.message))
		if err != nil {
			return message{}, err
		}
		switch m.id {
		case c.id:
			return m, nil
		case 0:
			return message{}, errors.Join(ErrDisconnected, m.result())
		} // anything else answers a request that was given up
	}
}

// header reads the tag and the length of a message.
func (c *Conn) header() (size int, err error) {
	tag, err := c.in.ReadByte()
	if err != nil {
		return 0, cutShort(err)
	}
	if tag != tagSequence {
		return 0, fmt.Errorf("%w: a message begins with %#x", errProtocol, tag)
	}
	first, err := c.in.ReadByte()
	if err != nil {
		return 0, cutShort(err)
	}
	if first < 0x80 {
		return int(first), nil
	}
	count := int(first & 0x7f)
	if count == 0 || count > 4 {
		return 0, fmt.Errorf("%w: a length of %d bytes", errProtocol, count)
	}
	for range count {
		next, err := c.in.ReadByte()
		if err != nil {
			return 0, cutShort(err)
		}
		size = size<<8 | int(next)
	}
	if size > MaxMessage {
		return 0, fmt.Errorf("%w: it has %d bytes, the limit is %d", ErrTooLarge, size, MaxMessage)
	}
	return size, nil
}

func octets(value string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, value, "")
}
