package wire

import (
	"errors"
	"io"
)

// What can go wrong beside the results of the server and the errors of the network.
var (
	// ErrDisconnected: the server announced that it ends the connection.
	ErrDisconnected = errors.New("the server ended the connection")
	// ErrTooLarge: an entry is larger than MaxMessage.
	ErrTooLarge = errors.New("the server sent a message that is too large")
	// ErrNoTLS: the server ended the connection when it was to begin with TLS, as one does that expects plain text.
	ErrNoTLS = errors.New("the server ended the connection when TLS began")
	// ErrNoStartTLS: the server does not offer StartTLS. Its result is joined.
	ErrNoStartTLS = errors.New("the server does not offer StartTLS")

	errProtocol = errors.New("the server does not speak LDAP as it should")
)

// cutShort turns the end of the stream, which is never in good order here, into what it is.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
