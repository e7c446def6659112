package wire

import (
	"context"
	"fmt"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// maxReferences is how many references a Result keeps.
const maxReferences = 3

// Request is a search.
type Request struct {
	Base string
	// Scope is one of go-ldap's: ScopeBaseObject, ScopeSingleLevel, ScopeWholeSubtree.
	Scope  int
	Filter string
	// Attributes to return; none means all, so ask for "1.1" to get none.
	Attributes []string
	// SizeLimit is the most entries that the server may answer with; 0 leaves it to the server.
	SizeLimit int64
	// PageSize turns on paged results. It is 0 for a search in one piece.
	PageSize uint32
	// Cookie continues after the page whose Result carried it.
	Cookie []byte
}

// Result says how a search ended.
type Result struct {
	// Cookie is empty after the last page.
	Cookie []byte
	// References are the first few places that the server did not search but named. There are none when the answer is whole.
	References []string
}

// Search runs a search, or one page of it, and calls each for every entry. The entry is valid during the call only, its strings may
// be kept. An error of each ends the search and breaks the connection, since the rest of the answer is on its way.
func (c *Conn) Search(ctx context.Context, request Request, each func(*Entry) error) (Result, error) {
	packet, err := request.encode()
	if err != nil {
		return Result{}, err
	}
	var controls []goldap.Control
	if request.PageSize > 0 {
		paging := goldap.NewControlPaging(request.PageSize)
		paging.SetCookie(request.Cookie)
		controls = append(controls, criticalPaging{paging})
	}
	var result Result
	err = c.during(ctx, func() error {
		if err := c.send(packet, controls); err != nil {
			return err
		}
		return c.results(ctx, request.PageSize > 0, &result, each)
	})
	return result, err
}

// results reads up to the end of the answer.
func (c *Conn) results(ctx context.Context, paged bool, result *Result, each func(*Entry) error) error {
	for {
		m, err := c.receive()
		if err != nil {
			return err
		}
		switch m.tag {
		case tagSearchEntry:
			if err := c.entry.decode(m.body, c.names); err != nil {
				return err
			}
			if err := each(&c.entry); err != nil {
				c.broken = true
				return err
			}
			if err := ctx.Err(); err != nil {
				return err // what is buffered would keep us going for a while after the end
			}
		case tagSearchReference:
			place, _, err := expect(tagOctetString, m.body)
			if err != nil {
				return err
			}
			if len(result.References) < maxReferences {
				result.References = append(result.References, strings.Clone(place))
			}
		case tagSearchDone:
			if err := m.result(); err != nil {
				return err
			}
			cookie, found, err := m.cookie()
			if paged && err == nil && !found {
				err = fmt.Errorf("%w: it does not say whether this is the last page", errProtocol)
			}
			result.Cookie = cookie
			return err
		case tagIntermediate: // says something about the search and carries no entry
		default:
			return fmt.Errorf("%w: an answer of kind %#x to a search", errProtocol, m.tag)
		}
	}
}

func (r Request) encode() (*ber.Packet, error) {
	filter, err := goldap.CompileFilter(r.Filter)
	if err != nil {
		return nil, err
	}
	packet := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchRequest, nil, "Search Request")
	packet.AppendChild(octets(r.Base))
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, r.Scope, "Scope"))
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, goldap.NeverDerefAliases, "Aliases"))
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, r.SizeLimit, "Size Limit"))
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 0, "Time Limit"))
	packet.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, "Types Only"))
	packet.AppendChild(filter)
	attributes := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Attributes")
	for _, name := range r.Attributes {
		attributes.AppendChild(octets(name))
	}
	packet.AppendChild(attributes)
	return packet, nil
}

// criticalPaging is go-ldap's paging control marked critical: a server that cannot page must say so instead of ignoring it.
type criticalPaging struct{ *goldap.ControlPaging }

// Encode puts the criticality between the name and the value.
func (p criticalPaging) Encode() *ber.Packet {
	plain := p.ControlPaging.Encode()
	packet := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Control")
	packet.AppendChild(plain.Children[0])
	packet.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, true, "Criticality"))
	packet.AppendChild(plain.Children[1])
	return packet
}
