package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// answer sends bytes to whoever asks on the other end of a connection, and then hangs up.
func answer(t testing.TB, bytes []byte) net.Conn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer listener.Close()
		server, err := listener.Accept()
		if err != nil {
			return // the client did not come
		}
		defer server.Close()
		if _, err := ber.ReadPacket(server); err == nil {
			_, _ = server.Write(bytes) // a client that has seen enough hangs up
		}
	}()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); <-done })
	return client
}

// ours and theirs search on the same answer, with this package and with go-ldap.
func ours(t testing.TB, bytes []byte) (entries []Entry, err error) {
	c := newConn(answer(t, bytes), time.Second)
	defer c.Close()
	_, err = c.Search(t.Context(), Request{Filter: "(objectClass=*)"}, func(e *Entry) error {
		kept := Entry{DN: e.DN}
		for _, a := range e.Attributes {
			kept.Attributes = append(kept.Attributes, Attribute{a.Name, append([]string(nil), a.Values...)})
		}
		entries = append(entries, kept)
		return nil
	})
	return entries, err
}

func theirs(t testing.TB, bytes []byte) (entries []Entry, err error) {
	conn := goldap.NewConn(answer(t, bytes), false)
	conn.Start()
	defer conn.Close()
	conn.SetTimeout(time.Second)
	result, err := conn.Search(&goldap.SearchRequest{Filter: "(objectClass=*)"})
	if err != nil {
		return nil, err
	}
	for _, e := range result.Entries {
		kept := Entry{DN: e.DN}
		for _, a := range e.Attributes {
			kept.Attributes = append(kept.Attributes, Attribute{a.Name, append([]string(nil), a.Values...)})
		}
		entries = append(entries, kept)
	}
	return entries, nil
}

func envelope(operation *ber.Packet) []byte {
	packet := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	packet.AppendChild(operation)
	return packet.Bytes()
}

func encoded(entry Entry) []byte {
	packet := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	packet.AppendChild(octets(entry.DN))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, attribute := range entry.Attributes {
		pair := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		pair.AppendChild(octets(attribute.Name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range attribute.Values {
			set.AppendChild(octets(value))
		}
		pair.AppendChild(set)
		list.AppendChild(pair)
	}
	packet.AppendChild(list)
	return envelope(packet)
}

func done(code int64, text string) []byte {
	packet := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultDone, nil, "")
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	packet.AppendChild(octets(""))
	packet.AppendChild(octets(text))
	return envelope(packet)
}

var sameEntries = cmp.Options{cmpopts.IgnoreUnexported(Entry{}), cmpopts.EquateEmpty()}

func TestEntriesAreDecodedAsGoLDAPDoes(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) }))
	attribute := rapid.Custom(func(t *rapid.T) Attribute {
		return Attribute{Name: rapid.StringMatching(`[a-z]{1,8}(;binary)?`).Draw(t, "name"), Values: rapid.SliceOfN(text, 0, 5).Draw(t, "values")}
	})
	entry := rapid.Custom(func(t *rapid.T) Entry {
		return Entry{DN: text.Draw(t, "dn"), Attributes: rapid.SliceOfN(attribute, 0, 6).Draw(t, "attributes")}
	})
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.SliceOfN(entry, 0, 4).Draw(r, "entries")
		var bytes []byte
		for _, e := range want {
			bytes = append(bytes, encoded(e)...)
		}
		bytes = append(bytes, done(0, "")...)
		got, err := ours(t, bytes)
		if err != nil {
			r.Fatalf("a good answer is refused: %v", err)
		}
		if diff := cmp.Diff(want, got, sameEntries); diff != "" {
			r.Fatalf("sent and decoded differ: %s", diff)
		}
		reference, err := theirs(t, bytes)
		if err != nil {
			r.Fatalf("go-ldap refuses the answer: %v", err)
		}
		if diff := cmp.Diff(reference, got, sameEntries); diff != "" {
			r.Fatalf("go-ldap decodes otherwise (-go-ldap +ours): %s", diff)
		}
	})
}

// FuzzSearch sends anything at all. What both clients take for a whole answer must be the same answer.
func FuzzSearch(f *testing.F) {
	f.Add(append(encoded(Entry{DN: "cn=a", Attributes: []Attribute{{"cn", []string{"a", "李"}}, {"x;binary", nil}}}), done(0, "")...))
	f.Add(done(4, "too many"))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x01})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		got, err := ours(t, bytes)
		if err != nil {
			return
		}
		reference, err := theirs(t, bytes)
		if err != nil {
			return // go-ldap is stricter about what it does not need to know
		}
		if diff := cmp.Diff(reference, got, sameEntries); diff != "" {
			t.Errorf("go-ldap decodes otherwise (-go-ldap +ours): %s", diff)
		}
	})
}

func TestAnAnswerThatIsNotWholeIsAnError(t *testing.T) {
	entry := encoded(Entry{DN: "cn=a", Attributes: []Attribute{{"cn", []string{"a"}}}})
	whole := append(entry, done(0, "")...)
	for cut := range whole {
		if _, err := ours(t, whole[:cut]); err == nil {
			t.Fatalf("an answer cut after %d of %d bytes passes for whole", cut, len(whole))
		}
	}
	tests := map[string]struct {
		bytes []byte
		want  error
	}{
		"a huge message":          {[]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, ErrTooLarge},
		"another protocol":        {[]byte("HTTP/1.1 400 Bad Request\r\n"), errProtocol},
		"no length":               {[]byte{0x30, 0x80, 0, 0}, errProtocol},
		"a notice of the end":     {notice(), ErrDisconnected},
		"the end of the stream":   {nil, io.ErrUnexpectedEOF},
		"an element that is long": {[]byte{0x30, 0x07, 0x02, 0x01, 0x01, 0x64, 0x7f, 0x04, 0x00}, errProtocol},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ours(t, test.bytes); !errors.Is(err, test.want) {
				t.Errorf("the error is %v, want %v", err, test.want)
			}
		})
	}
}

// notice is the notice of disconnection of RFC 4511, section 4.4.1.
func notice() []byte {
	packet := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 0, ""))
	operation := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationExtendedResponse, nil, "")
	operation.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, 52, ""))
	operation.AppendChild(octets(""))
	operation.AppendChild(octets("shutting down"))
	packet.AppendChild(operation)
	return packet.Bytes()
}

func TestResultsKeepTheirCodeAndText(t *testing.T) {
	_, err := ours(t, done(4, "limit is 500"))
	var result *goldap.Error
	if !errors.As(err, &result) || result.ResultCode != goldap.LDAPResultSizeLimitExceeded || !strings.Contains(err.Error(), "limit is 500") {
		t.Errorf("the error is %v, want result 4 with its text", err)
	}
}
