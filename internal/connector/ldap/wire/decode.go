package wire

import (
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// The BER tags of what is decoded here.
const (
	tagInteger          = 0x02
	tagOctetString      = 0x04
	tagEnumerated       = 0x0a
	tagSequence         = 0x30
	tagSet              = 0x31
	tagControls         = 0xa0
	tagBindResponse     = 0x61
	tagSearchEntry      = 0x64
	tagSearchDone       = 0x65
	tagSearchReference  = 0x73
	tagExtendedResponse = 0x78
	tagIntermediate     = 0x79
)

const pagedResults = "1.2.840.113556.1.4.319"

// maxNames bounds how many attribute names are remembered; a schema has a few hundred.
const maxNames = 4096

// Entry is an entry of a search result.
type Entry struct {
	DN         string
	Attributes []Attribute

	values []string
}

// Attribute is an attribute of an entry as the server sent it.
type Attribute struct {
	Name   string
	Values []string
}

// message is an LDAP message whose operation is not decoded yet.
type message struct {
	id       int64
	tag      byte
	body     string
	controls string
}

// element cuts the first BER element off data.
func element(data string) (tag byte, content, rest string, err error) {
	if len(data) < 2 {
		return 0, "", "", fmt.Errorf("%w: an element is cut short", errProtocol)
	}
	tag, size, start := data[0], int(data[1]), 2
	if tag&0x1f == 0x1f {
		return 0, "", "", fmt.Errorf("%w: a tag of several bytes", errProtocol)
	}
	if size >= 0x80 {
		count := size & 0x7f
		if count == 0 || count > 4 || len(data) < 2+count {
			return 0, "", "", fmt.Errorf("%w: a length of %d bytes", errProtocol, count)
		}
		size, start = 0, 2+count
		for i := range count {
			size = size<<8 | int(data[2+i])
		}
	}
	if size > len(data)-start {
		return 0, "", "", fmt.Errorf("%w: an element is cut short", errProtocol)
	}
	return tag, data[start : start+size], data[start+size:], nil
}

// expect cuts off an element that must have a certain tag.
func expect(want byte, data string) (content, rest string, err error) {
	tag, content, rest, err := element(data)
	if err == nil && tag != want {
		err = fmt.Errorf("%w: an element of kind %#x where %#x is due", errProtocol, tag, want)
	}
	return content, rest, err
}

// number reads the content of an integer or an enumerated value.
func number(content string) (int64, error) {
	if len(content) == 0 || len(content) > 8 {
		return 0, fmt.Errorf("%w: a number of %d bytes", errProtocol, len(content))
	}
	value := int64(int8(content[0]))
	for i := 1; i < len(content); i++ {
		value = value<<8 | int64(content[i])
	}
	return value, nil
}

// parseMessage takes the content of an LDAPMessage apart.
func parseMessage(data string) (message, error) {
	var m message
	content, rest, err := expect(tagInteger, data)
	if err != nil {
		return m, err
	}
	if m.id, err = number(content); err != nil {
		return m, err
	}
	if m.tag, m.body, rest, err = element(rest); err != nil || rest == "" {
		return m, err
	}
	tag, content, _, err := element(rest)
	if err == nil && tag == tagControls {
		m.controls = content
	}
	return m, err
}

// result reads the LDAPResult that the body begins with. It is nil for success.
func (m message) result() error {
	content, rest, err := expect(tagEnumerated, m.body)
	if err != nil {
		return err
	}
	code, err := number(content)
	if err != nil {
		return err
	}
	matched, rest, err := expect(tagOctetString, rest)
	if err != nil {
		return err
	}
	text, _, err := expect(tagOctetString, rest)
	if err != nil {
		return err
	}
	if code == 0 {
		return nil
	}
	if code < 0 || code > 0xffff {
		return fmt.Errorf("%w: the result code %d", errProtocol, code)
	}
	return &goldap.Error{ResultCode: uint16(code), MatchedDN: strings.Clone(matched), Err: serverText(strings.Clone(text))}
}

// serverText is what the server says about a result.
type serverText string

func (t serverText) Error() string { return string(t) }

// cookie finds the cookie of the paged results control; empty after the last page. False: the server sent no such control.
func (m message) cookie() (cookie []byte, found bool, err error) {
	for rest := m.controls; rest != ""; {
		var control, name string
		if control, rest, err = expect(tagSequence, rest); err != nil {
			return nil, false, err
		}
		if name, control, err = expect(tagOctetString, control); err != nil {
			return nil, false, err
		}
		if name != pagedResults {
			continue
		}
		tag, value, after, err := element(control)
		if err == nil && tag != tagOctetString { // the criticality may stand between
			value, _, err = expect(tagOctetString, after)
		}
		if err != nil {
			return nil, false, err
		}
		sequence, _, err := expect(tagSequence, value)
		if err != nil {
			return nil, false, err
		}
		_, sequence, err = expect(tagInteger, sequence)
		if err != nil {
			return nil, false, err
		}
		text, _, err := expect(tagOctetString, sequence)
		return []byte(text), true, err
	}
	return nil, false, nil
}

// DecodeEntry decodes a SearchResultEntry on its own, as the post-read control carries it.
func DecodeEntry(data string) (*Entry, error) {
	body, _, err := expect(tagSearchEntry, data)
	if err != nil {
		return nil, err
	}
	entry := &Entry{}
	return entry, entry.decode(body, map[string]string{})
}

// decode reads the body of a SearchResultEntry. Values share the memory of the body; names are taken from names.
func (e *Entry) decode(body string, names map[string]string) error {
	e.Attributes, e.values = e.Attributes[:0], e.values[:0]
	dn, rest, err := expect(tagOctetString, body)
	if err != nil {
		return err
	}
	e.DN = dn
	list, _, err := expect(tagSequence, rest)
	for err == nil && list != "" {
		var attribute string
		if attribute, list, err = expect(tagSequence, list); err == nil {
			err = e.decodeAttribute(attribute, names)
		}
	}
	return err
}

func (e *Entry) decodeAttribute(attribute string, names map[string]string) error {
	name, rest, err := expect(tagOctetString, attribute)
	if err != nil {
		return err
	}
	set, _, err := expect(tagSet, rest)
	first := len(e.values)
	for err == nil && set != "" {
		var value string
		if value, set, err = expect(tagOctetString, set); err == nil {
			e.values = append(e.values, value)
		}
	}
	known, ok := names[name]
	if !ok {
		known = strings.Clone(name) // or a name would hold the whole message that it came with
		if len(names) < maxNames {
			names[known] = known
		}
	}
	e.Attributes = append(e.Attributes, Attribute{Name: known, Values: e.values[first:len(e.values):len(e.values)]})
	return err
}
