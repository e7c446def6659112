package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// maxServerText is how much of what a server says is repeated in an error, in bytes.
const maxServerText = 300

// noTLS is what is wrong when a server was asked for TLS where it speaks plain text.
const noTLS = "it does not speak TLS at this port: use ldap:// with startTLS, or the server's port for ldaps:// (636)"

// meaning is what a result code means for what happens next, and what a person can do.
type meaning struct {
	class  connector.Class
	advice string
}

// meanings explains the result codes of RFC 4511. What is not here is Invalid.
var meanings = map[uint16]meaning{
	goldap.LDAPResultTimeLimitExceeded:            {connector.Incomplete, "the server's time limit ended the search: raise it for this account, or add an index for the filter"},
	goldap.LDAPResultSizeLimitExceeded:            {connector.Incomplete, "the server returns only a part to this account, paging does not get around that: raise its size limit (OpenLDAP: limits … size.prtotal=unlimited size=unlimited)"},
	goldap.LDAPResultAdminLimitExceeded:           {connector.Incomplete, "an administrative limit of the server ended the search: raise it for this account"},
	goldap.LDAPResultAuthMethodNotSupported:       {connector.Credentials, "the server does not take a simple login"},
	goldap.LDAPResultStrongAuthRequired:           {connector.Credentials, "the server wants TLS first: use ldaps:// or startTLS"},
	goldap.LDAPResultConfidentialityRequired:      {connector.Credentials, "the server wants TLS first: use ldaps:// or startTLS"},
	goldap.LDAPResultInappropriateAuthentication:  {connector.Credentials, "this account cannot log in with a password"},
	goldap.LDAPResultInvalidCredentials:           {connector.Credentials, "the server refuses the login: correct the keys username and password of the Secret"},
	goldap.LDAPResultReferral:                     {connector.Incomplete, "the server names another one for this: put that one into urls"},
	goldap.LDAPResultUnavailableCriticalExtension: {connector.Invalid, "the server lacks a control that is needed"},
	goldap.LDAPResultConstraintViolation:          {connector.Invalid, "a rule of the server refuses the value"},
	goldap.LDAPResultAttributeOrValueExists:       {connector.Conflict, "the value is there already"},
	goldap.LDAPResultNoSuchAttribute:              {connector.Conflict, "the value is not there any more"},
	goldap.LDAPResultNoSuchObject:                 {connector.NotFound, "there is no such entry, or the account may not see it"},
	goldap.LDAPResultInsufficientAccessRights:     {connector.Permission, "the account lacks a right: give it access"},
	goldap.LDAPResultBusy:                         {connector.Busy, "the server is busy"},
	goldap.LDAPResultUnavailable:                  {connector.Unavailable, "the server is shutting down or out of service"},
	goldap.LDAPResultUnwillingToPerform:           {connector.Invalid, "the server refuses to do this: is it read-only?"},
	goldap.LDAPResultNamingViolation:              {connector.Invalid, "the attribute is part of the entry's name"},
	goldap.LDAPResultObjectClassViolation:         {connector.Invalid, "the entry would lack an attribute that its object classes demand, or have one that they do not allow"},
	goldap.LDAPResultUndefinedAttributeType:       {connector.Invalid, "the server does not know the attribute"},
	goldap.LDAPResultInvalidAttributeSyntax:       {connector.Invalid, "the value does not have the form that the attribute demands"},
	goldap.LDAPResultInvalidDNSyntax:              {connector.Invalid, "this is not a distinguished name that the server takes"},
	goldap.LDAPResultNotAllowedOnNonLeaf:          {connector.Conflict, "other entries stand below it"},
	goldap.LDAPResultEntryAlreadyExists:           {connector.Conflict, "another entry has this name"},
	goldap.LDAPResultAssertionFailed:              {connector.Conflict, "another entry stands at this place by now"},
	goldap.LDAPResultOther:                        {connector.Unavailable, "the server had an internal problem: see its log"},
	goldap.ErrorNetwork:                           {connector.Unavailable, "the connection broke"},
}

// failed makes an error of the server a sentence with a class: what was attempted, at which server, what went wrong, what to do.
// An ended context stays what it is.
func (s *server) failed(ctx context.Context, attempt string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %s: %w", s.url, attempt, cause)
	}
	var typed *connector.Error
	if errors.As(err, &typed) {
		return err
	}
	class, text := s.explain(err)
	return &connector.Error{Class: class, Err: fmt.Errorf("%s: %s: %w", s.url, attempt, &refusal{text: text, cause: err})}
}

// refusal is the sentence about an error of the server, beside the error itself.
type refusal struct {
	text  string
	cause error
}

func (r *refusal) Error() string { return r.text }

func (r *refusal) Unwrap() error { return r.cause }

func (s *server) explain(err error) (connector.Class, string) {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		name      *net.DNSError
		verify    *tls.CertificateVerificationError
		result    *goldap.Error
		call      *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return connector.Untrusted, "its certificate is signed by an authority that is not trusted: put the right CA into caBundleRef"
	case errors.As(err, &host):
		return connector.Untrusted, "its certificate is for another name: " + printable(host.Error()) + "; use that name in urls"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return connector.Untrusted, "its certificate is not valid: " + printable(err.Error())
	case errors.As(err, &record):
		return connector.Untrusted, noTLS
	case errors.Is(err, wire.ErrNoTLS):
		return connector.Unavailable, noTLS // or what stands before the server has lost it, so the next one is worth trying
	case errors.As(err, &name):
		return connector.Unavailable, unresolved(name)
	case errors.Is(err, wire.ErrTooLarge):
		return connector.Invalid, printable(err.Error()) + ": one entry is too large to be read"
	case errors.As(err, &result):
		if errors.Is(err, wire.ErrNoStartTLS) {
			return connector.Invalid, answered("the server does not offer StartTLS: use ldaps://, or have TLS set up on the server", result)
		}
		return explainResult(result)
	case errors.As(err, &call) && call.Op == "dial":
		return connector.Unavailable, unreached(call)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return connector.Unavailable, "it does not answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return connector.Unavailable, "it broke the connection"
	default:
		return connector.Unavailable, printable(err.Error())
	}
}

// unresolved says why there is no address for a name, and what to look at.
func unresolved(name *net.DNSError) string {
	if name.IsNotFound {
		return fmt.Sprintf("the name %q cannot be resolved (%s): correct the host in urls; a Service of the cluster is SERVICE.NAMESPACE.svc", name.Name, printable(name.Err))
	}
	return fmt.Sprintf("the name %q cannot be resolved (%s): see whether the cluster's DNS works, and whether a NetworkPolicy keeps pods from it", name.Name, printable(name.Err))
}

// unreached says why there is no connection, and what to look at.
func unreached(call *net.OpError) string {
	why := printable(call.Err.Error())
	switch {
	case call.Timeout():
		why = "it does not answer in time"
	case errors.Is(call, syscall.ECONNREFUSED):
		why = "connection refused"
	}
	return why + ": correct host and port in urls if they are wrong; else see whether the server runs, and whether a NetworkPolicy or a firewall stands between"
}

func explainResult(result *goldap.Error) (connector.Class, string) {
	known, ok := meanings[result.ResultCode]
	if !ok {
		known = meaning{connector.Invalid, "the server refuses it"}
	}
	if result.ResultCode == goldap.LDAPResultConstraintViolation && strings.Contains(said(result), "unique") {
		known = meaning{connector.Conflict, "another entry has this value, which must be unique"}
	}
	return known.class, answered(known.advice, result)
}

// said is the server's own text about a result; it may be empty.
func said(result *goldap.Error) string {
	if result.Err == nil {
		return ""
	}
	return printable(result.Err.Error())
}

// answered is an advice with the result that it is about.
func answered(advice string, result *goldap.Error) string {
	text := fmt.Sprintf("%s (result %d", advice, result.ResultCode)
	if name := goldap.LDAPResultCodeMap[result.ResultCode]; name != "" {
		text += " " + name
	}
	if words := said(result); words != "" {
		text += ": " + words
	}
	return text + ")"
}

// usualName is the length, in bytes, up to which every server takes a name.
const usualName = 200

// longName explains an internal problem of the server by the length of a new name. OpenLDAP fails so for what its database has no room for (names
// of more than 245 bytes or so), and would do so again.
func longName(err error, attempt, dn string) error {
	rdn, _ := cutDN(dn)
	if length := len(nameIn(rdn)); length > usualName && isResult(err, goldap.LDAPResultOther) {
		return invalid("%s: the name is most likely too long for the server's database: it has %d bytes (a Chinese character has three): shorten it (result %d %s)",
			attempt, length, goldap.LDAPResultOther, goldap.LDAPResultCodeMap[goldap.LDAPResultOther])
	}
	return err
}

// isResult reports that the server answered with this code.
func isResult(err error, code uint16) bool {
	var result *goldap.Error
	return errors.As(err, &result) && result.ResultCode == code
}

// printable makes text of a server fit for a message: bounded, on one line, without control characters.
func printable(text string) string {
	if len(text) > maxServerText {
		text = strings.ToValidUTF8(text[:maxServerText], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// invalid is an error that trying again cannot mend.
func invalid(format string, args ...any) error {
	return &connector.Error{Class: connector.Invalid, Err: fmt.Errorf(format, args...)}
}
