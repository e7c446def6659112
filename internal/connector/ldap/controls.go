package ldap

import (
	"context"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// Controls that make writes safe, where the server has them.
const (
	controlAssertion = "1.3.6.1.1.12"
	controlPostRead  = "1.3.6.1.1.13.2"
)

// supportedControls asks the server which controls it has. One that does not say has none.
func (s *Source) supportedControls(ctx context.Context) ([]string, error) {
	var controls []string
	q := query{
		attempt: "reading what the server supports", scope: goldap.ScopeBaseObject,
		filter: "(objectClass=*)", attributes: []string{"supportedControl"},
	}
	err := s.search(ctx, q, func(e *wire.Entry) error {
		controls = append(controls, values(e, "supportedControl")...)
		return nil
	})
	return controls, err
}

// assertion makes a write fail unless the entry at its place is the one that is meant: names are given away and taken again.
func assertion(id uuid) (goldap.Control, error) {
	filter, err := goldap.CompileFilter("(" + entryUUID + "=" + id.String() + ")")
	if err != nil {
		return nil, err
	}
	return goldap.NewControlString(controlAssertion, true, string(filter.Bytes())), nil
}

// postRead asks for the entry as it is after a modification.
func postRead(attributes []string) goldap.Control {
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Attributes")
	for _, name := range attributes {
		list.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, "Attribute"))
	}
	return goldap.NewControlString(controlPostRead, true, string(list.Bytes()))
}

// postReadEntry finds the answer to postRead; nil when there is none that can be read.
func postReadEntry(controls []goldap.Control) *wire.Entry {
	for _, control := range controls {
		if text, ok := control.(*goldap.ControlString); ok && text.ControlType == controlPostRead {
			if entry, err := wire.DecodeEntry(text.ControlValue); err == nil {
				return entry
			}
		}
	}
	return nil
}
