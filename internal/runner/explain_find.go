package runner

import (
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/state"
)

// fit says how well an entry fits what it is asked for by; the best ones are taken.
type fit int

const (
	noFit fit = iota
	byValue
	byName
	byPlace
	byID
)

// foundLimit is how many entries that fit are named.
const foundLimit = 20

// finder keeps the entries of one side that fit best.
type finder struct {
	query string
	// sensitive says which fields are not searched: a hit would tell their values.
	sensitive func(field string) bool
	fit       fit
	found     []directory.Entry
}

// see looks at an entry. The path is that of a department.
func (f *finder) see(entry *directory.Entry, path string) {
	how := f.judge(entry, path)
	if how == noFit || how < f.fit {
		return
	}
	if how > f.fit {
		f.fit, f.found = how, nil
	}
	if len(f.found) < foundLimit {
		f.found = append(f.found, *entry)
	}
}

func (f *finder) judge(entry *directory.Entry, path string) fit {
	switch {
	case strings.EqualFold(entry.ID, f.query):
		return byID
	case strings.EqualFold(entry.Place, f.query), path != "" && path == strings.TrimPrefix(f.query, "/"):
		return byPlace
	case strings.EqualFold(entry.Name, f.query):
		return byName
	}
	for i := range entry.Attributes {
		if f.sensitive(entry.Attributes[i].Name) {
			continue
		}
		for _, value := range entry.Attributes[i].Values {
			if strings.EqualFold(value, f.query) {
				return byValue
			}
		}
	}
	return noFit
}

// linkNamed finds a link by either of its IDs or by its name, if that is the name of one link alone.
func (x *explainer) linkNamed() (state.Link, bool) {
	links := x.state.Links
	if link, ok := links.BySource(x.kind, x.asked.Entry); ok {
		return link, true
	}
	if link, ok := links.ByTarget(x.kind, x.asked.Entry); ok {
		return link, true
	}
	var named state.Link
	count := 0
	for link := range links.Sorted(x.kind) {
		if strings.EqualFold(link.Name, x.asked.Entry) {
			named = link
			count++
		}
	}
	return named, count == 1
}

// hitList counts entries and keeps the first ones.
type hitList struct {
	count int
	first []inspection.Hit
}

// hitsShown is how many entries that a rule finds are named.
const hitsShown = 5

func (h *hitList) add(hit *inspection.Hit) {
	h.count++
	if len(h.first) < hitsShown {
		h.first = append(h.first, *hit)
	}
}

// hitOf describes an entry of the target.
func (x *explainer) hitOf(entry *directory.Entry) *inspection.Hit {
	hit := &inspection.Hit{ID: entry.ID, Name: entry.Name, Place: entry.Place, Disabled: entry.Disabled}
	hit.LinkedTo, _ = x.state.Links.SourceOf(x.kind, entry.ID)
	if entry.Mark != nil {
		hit.Mark = entry.Mark.Owner + "#" + entry.Mark.SourceID
	}
	return hit
}
