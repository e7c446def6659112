package state_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

var (
	kinds  = []directory.Kind{directory.Department, directory.User}
	states = []state.LinkState{state.Active, state.Disabled, state.Held, state.Released}
)

// drawLink makes any link with one of a few IDs on each side, so that links meet.
func drawLink(t *rapid.T) state.Link {
	text := rapid.StringN(0, 20, -1)
	id := rapid.IntRange(1, 30)
	link := state.Link{
		Kind:     rapid.SampledFrom(kinds).Draw(t, "kind"),
		SourceID: fmt.Sprintf("来源-%d", id.Draw(t, "source")),
		TargetID: fmt.Sprintf("target-%d", id.Draw(t, "target")),
		Origin:   rapid.SampledFrom([]state.Origin{state.Created, state.Adopted}).Draw(t, "origin"),
		State:    rapid.SampledFrom(states).Draw(t, "state"), Off: rapid.Bool().Draw(t, "off"),
		Run: text.Draw(t, "run"), Reason: text.Draw(t, "reason"), Name: text.Draw(t, "name"),
	}
	if rapid.Bool().Draw(t, "has a time") {
		since := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "since"), 0).UTC()
		link.Since = &since
	}
	if rapid.Bool().Draw(t, "has a held loss") {
		since := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "held since"), 0).UTC()
		link.HeldLoss = &state.Hold{Since: since, Run: text.Draw(t, "held by"), Reason: text.Draw(t, "held for")}
	}
	if rapid.Bool().Draw(t, "has a held turning off") {
		since := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "off held since"), 0).UTC()
		link.HeldOff = &state.Hold{Since: since, Run: text.Draw(t, "off held by"), Reason: text.Draw(t, "off held for")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "learned") {
		link.Learned = append(link.Learned, state.Learned{Field: text.Draw(t, "field"), Wrote: text.Draw(t, "wrote"), Reads: text.Draw(t, "reads")})
	}
	return link
}

type linkKey struct {
	kind directory.Kind
	id   string
}

// model is a table of links as simple as can be.
type model map[linkKey]state.Link

func (m model) byTarget(kind directory.Kind, id string) (state.Link, bool) {
	for key, link := range m {
		if key.kind == kind && link.TargetID == id {
			return link, true
		}
	}
	return state.Link{}, false
}

func (m model) sorted(kind directory.Kind) []state.Link {
	var links []state.Link
	for key, link := range m {
		if key.kind == kind {
			links = append(links, link)
		}
	}
	slices.SortFunc(links, func(a, b state.Link) int { return strings.Compare(a.SourceID, b.SourceID) })
	return links
}

func TestLinksAreAMapFromBothSides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		links, want := state.NewLinks(), model{}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				link := drawLink(t)
				holder, taken := want.byTarget(link.Kind, link.TargetID)
				err := links.Put(link)
				if refused := taken && holder.SourceID != link.SourceID; (err != nil) != refused {
					t.Fatalf("putting a link whose target is taken=%v by another: got error %v", refused, err)
				}
				if err == nil {
					want[linkKey{link.Kind, link.SourceID}] = link
				}
			},
			"delete": func(t *rapid.T) {
				link := drawLink(t)
				key := linkKey{link.Kind, link.SourceID}
				_, there := want[key]
				if got := links.Delete(link.Kind, link.SourceID); got != there {
					t.Fatalf("deleting %v: got %v, want %v", key, got, there)
				}
				delete(want, key)
			},
			"": func(t *rapid.T) { compare(t, links, want) },
		})
	})
}

// compare looks at a table from every side.
func compare(t *rapid.T, links *state.Links, want model) {
	for _, kind := range kinds {
		if diff := cmp.Diff(want.sorted(kind), slices.Collect(links.Sorted(kind))); diff != "" {
			t.Fatalf("%ss (-want +got):\n%s", kind, diff)
		}
		if got := links.Count(kind); got != int64(len(want.sorted(kind))) {
			t.Fatalf("got %d links of %ss, want %d", got, kind, len(want.sorted(kind)))
		}
		for i := range 31 {
			source, target := fmt.Sprintf("来源-%d", i), fmt.Sprintf("target-%d", i)
			wantLink, wantFound := want[linkKey{kind, source}]
			if link, found := links.BySource(kind, source); found != wantFound || !cmp.Equal(link, wantLink) {
				t.Fatalf("%s %s by source: got %v %v, want %v %v", kind, source, found, link, wantFound, wantLink)
			}
			wantLink, wantFound = want.byTarget(kind, target)
			if link, found := links.ByTarget(kind, target); found != wantFound || !cmp.Equal(link, wantLink) {
				t.Fatalf("%s %s by target: got %v %v, want %v %v", kind, target, found, link, wantFound, wantLink)
			}
		}
	}
}

func link(kind directory.Kind, source string, s state.LinkState) state.Link {
	return state.Link{Kind: kind, SourceID: source, TargetID: "at-" + source, Origin: state.Created, State: s}
}

func put(t *testing.T, links *state.Links, all ...state.Link) {
	t.Helper()
	for _, l := range all {
		if err := links.Put(l); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPutRefusesWhatIsNoLink(t *testing.T) {
	t.Parallel()
	links := state.NewLinks()
	whole := link(directory.User, "li", state.Active)
	for name, spoil := range map[string]func(*state.Link){
		"no kind":      func(l *state.Link) { l.Kind = "" },
		"no source ID": func(l *state.Link) { l.SourceID = "" },
		"no target ID": func(l *state.Link) { l.TargetID = "" },
		"no origin":    func(l *state.Link) { l.Origin = "" },
		"no state":     func(l *state.Link) { l.State = "Sleeping" },
	} {
		l := whole
		spoil(&l)
		if err := links.Put(l); err == nil {
			t.Errorf("%s: the link was taken", name)
		}
	}
	if links.Count(directory.User) != 0 {
		t.Error("a link that was refused is in the table")
	}
}

func TestCountAndPending(t *testing.T) {
	t.Parallel()
	links := state.NewLinks()
	if held, digest := links.Pending(); len(held) != 0 || digest != "" {
		t.Errorf("an empty table has %d pending removals with digest %q", len(held), digest)
	}
	put(t, links,
		link(directory.User, "b", state.Held), link(directory.User, "a", state.Held), link(directory.Department, "z", state.Held),
		link(directory.User, "c", state.Active), link(directory.User, "d", state.Disabled), link(directory.User, "e", state.Released))
	if got := links.Count(directory.User, state.Active, state.Held); got != 3 {
		t.Errorf("got %d users that are active or held, want 3", got)
	}
	held, digest := links.Pending()
	var order []string
	for _, l := range held {
		order = append(order, l.SourceID)
	}
	if !slices.Equal(order, []string{"z", "a", "b"}) || !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("got pending removals %v with digest %q", order, digest)
	}
	put(t, links, link(directory.User, "c", state.Disabled))
	if _, same := links.Pending(); same != digest {
		t.Error("the digest of the list changed although the list did not")
	}
	put(t, links, link(directory.User, "c", state.Held))
	if _, other := links.Pending(); other == digest {
		t.Error("one more removal is held and the digest of the list is the same")
	}
}

func TestLinksAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	links := state.NewLinks()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 500 {
				id := fmt.Sprintf("%d-%d", worker, i)
				if err := links.Put(link(directory.User, id, state.Active)); err != nil {
					t.Error(err)
				}
				if _, found := links.ByTarget(directory.User, "at-"+id); !found {
					t.Errorf("link %s is not found", id)
				}
				if i%3 == 0 {
					links.Delete(directory.User, id)
				}
			}
		})
	}
	group.Go(func() {
		for range 20 {
			for l := range links.Sorted(directory.User) {
				if l.TargetID != "at-"+l.SourceID {
					t.Errorf("a torn link: %v", l)
				}
			}
		}
	})
	group.Wait()
	if got := links.Count(directory.User); got != 4*333 {
		t.Errorf("got %d links, want %d", got, 4*333)
	}
}
