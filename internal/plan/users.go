package plan

import (
	"fmt"
	"iter"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/spool"
	"synccenter.dev/synccenter/internal/state"
)

// users is what planning knows of the users while it goes over them. Only those without a partner are in memory.
type users struct {
	// matches says what became of source users without a target entry, and names what people call those.
	matches map[string]match
	names   map[string]string
	// gone holds the source IDs of links whose user left the source or the scope while the target entry is there.
	gone map[string]bool
	// lost holds the source IDs of links whose users are gone on both sides.
	lost map[string]bool
	// relinked holds source IDs whose target entry now belongs to another source ID.
	relinked map[string]bool
	// awaited holds source IDs that are gone and whose target entry waits for a person to say whose it is.
	awaited map[string]bool
	// sourceOf gives the source ID for the target ID of users that are adopted now.
	sourceOf map[string]string
	// strangers are the identifiers of target users who are not linked, where there are no marks and somebody may be created.
	strangers map[string]bool
	// adopted are the target users that are adopted now, by the source ID of the user that they belong to from now on.
	adopted *spool.Spool
}

// planUsers goes over the users three times: to see who has no partner, to find partners by mark and rules, and to compare.
func (p *Planner) planUsers() error {
	p.users = users{
		names: map[string]string{}, gone: map[string]bool{}, lost: map[string]bool{}, relinked: map[string]bool{}, awaited: map[string]bool{}, strangers: map[string]bool{}, sourceOf: map[string]string{}, adopted: spool.New(spool.BlockSize),
	}
	matcher := p.newMatcher(directory.User)
	if err := p.findUnpaired(matcher); err != nil {
		return err
	}
	if len(matcher.entries) > 0 {
		if err := p.matchUsers(matcher); err != nil {
			return fmt.Errorf("matching: %w", err)
		}
	}
	target := merge(p.linkedUsers.Sorted(), p.users.adopted.Sorted())
	for j, err := range join(p.sourceUsers.Sorted(), target, p.links(directory.User)) {
		if err != nil {
			return err
		}
		if err := p.planUser(&j); err != nil {
			return fmt.Errorf("user %q: %w", j.id, err)
		}
	}
	return nil
}

// findUnpaired adds to the matcher every source user without a target entry, and notes whose source user is gone.
func (p *Planner) findUnpaired(matcher *matcher) error {
	for j, err := range join(p.sourceUsers.Sorted(), p.linkedUsers.Sorted(), p.links(directory.User)) {
		if err != nil {
			return err
		}
		if j.link != nil && j.target == nil && !p.targetUserUnknown(j.link.TargetID) && (j.source != nil || p.userUnknown(j.id)) {
			p.output.lose(*j.link)
		}
		switch {
		case j.twice && p.concerns(directory.User, j.id) && !p.userUnknown(j.id):
			if err := p.addTwice(&j); err != nil {
				return err
			}
		case p.userUnknown(j.id) || j.source != nil && j.target != nil:
		case j.source != nil && j.link != nil && p.targetUserUnknown(j.link.TargetID):
		case j.source != nil:
			source, err := parseRow(j.source)
			if err != nil {
				return err
			}
			form, err := source.form()
			if err != nil {
				return err
			}
			matcher.add(j.id, form.Name, form.Keys)
			p.users.names[j.id] = form.Name
		case j.target != nil && p.concerns(directory.User, j.id):
			p.users.gone[j.id] = true
		case p.concerns(directory.User, j.id):
			p.users.lost[j.id] = true
		}
	}
	return nil
}

func (p *Planner) addTwice(j *joined) error {
	source, err := parseRow(j.source)
	if err != nil {
		return err
	}
	entry := unknownEntry{name: source.name, cause: errTwice}
	p.unknown[entryKey{directory.User, j.id}] = entry
	return p.planUnknownEntry(directory.User, j.id, entry)
}

func (p *Planner) userUnknown(id string) bool {
	_, unknown := p.unknown[entryKey{directory.User, id}]
	return unknown
}

func (p *Planner) targetUserUnknown(id string) bool {
	_, unknown := p.unknownTargets[entryKey{directory.User, id}]
	return unknown
}

// userPresent says of a linked source ID that its user is still in the source.
func (p *Planner) userPresent(id string) bool {
	return !p.users.gone[id] && !p.users.lost[id] && !p.beside.absent[id]
}

// matchUsers shows every target user to the matcher, and sets aside those that were chosen.
func (p *Planner) matchUsers(matcher *matcher) error {
	if err := p.showUsers(matcher); err != nil {
		return err
	}
	p.users.matches = matcher.resolve(p.userPresent)
	for id, match := range p.users.matches {
		if match.target != "" {
			p.users.sourceOf[match.target] = id
		}
		if match.relinks != "" {
			p.users.relinked[match.relinks] = true
		}
		if match.holds != "" {
			p.users.awaited[match.holds] = true
		}
	}
	if len(p.users.sourceOf) == 0 {
		return nil
	}
	return p.eachTarget(func(r *row, data []byte) error {
		if id, chosen := p.users.sourceOf[r.id]; chosen {
			return p.users.adopted.Add(id, data)
		}
		return nil
	})
}

// showUsers shows the matcher every target user, the linked ones with what their own source user has.
func (p *Planner) showUsers(matcher *matcher) error {
	show := func(target, source []byte, linked string) error {
		r, err := parseRow(target)
		if err != nil {
			return err
		}
		form, err := r.form()
		if err != nil {
			return err
		}
		var own func() []string
		if source != nil {
			own = func() (keys []string) {
				keys, err = keysOf(source)
				return keys
			}
		}
		matcher.see(r.id, r.name, form.Keys, form.Mark, linked, own)
		if key := p.identifier(form); linked == "" && key != "" && !p.options.Capabilities.UserMark {
			p.users.strangers[strings.Clone(key)] = true
		}
		return err
	}
	for record, err := range p.unlinkedUsers.Sorted() {
		if err == nil {
			err = show(record.Value, nil, "")
		}
		if err != nil {
			return err
		}
	}
	none := func(func(state.Link) bool) {}
	for j, err := range join(p.sourceUsers.Sorted(), p.linkedUsers.Sorted(), none) {
		if err == nil && j.target != nil {
			err = show(j.target, j.source, j.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keysOf are the keys of a spooled user for the rules of matching.
func keysOf(data []byte) ([]string, error) {
	r, err := parseRow(data)
	if err != nil {
		return nil, err
	}
	form, err := r.form()
	if err != nil {
		return nil, err
	}
	return form.Keys, nil
}

// eachTarget goes over the target users that may be matched: the unlinked ones and the linked ones.
func (p *Planner) eachTarget(visit func(r *row, data []byte) error) error {
	for _, records := range []iter.Seq2[spool.Record, error]{p.unlinkedUsers.Sorted(), p.linkedUsers.Sorted()} {
		for record, err := range records {
			if err != nil {
				return err
			}
			parsed, err := parseRow(record.Value)
			if err != nil {
				return err
			}
			if err := visit(parsed, record.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// sourceUserElement translates a reference of the source into a source ID that this task answers for.
func (p *Planner) sourceUserElement(reference string) (string, bool) {
	id, ok := p.references.Source(reference)
	if !ok {
		return "", false
	}
	link, linked := p.options.Links.BySource(directory.User, id)
	if !p.concerns(directory.User, id) {
		return id, linked && link.State == state.Active && p.userPresent(id)
	}
	if _, matched := p.users.matches[id]; matched {
		return id, true
	}
	return id, linked && (p.userPresent(id) || p.userUnknown(id))
}

// targetUserElement translates a reference of the target into the source ID of its link; false when the user is not ours.
func (p *Planner) targetUserElement(reference string) (string, bool) {
	id, ok := p.references.Target(reference)
	if !ok {
		return "", false
	}
	if source, adopted := p.users.sourceOf[id]; adopted {
		return source, true
	}
	link, linked := p.options.Links.ByTarget(directory.User, id)
	return link.SourceID, linked
}

// userNames says for people whom source IDs name.
func (p *Planner) userNames(ids []string) []string {
	var out []string
	for _, id := range ids {
		name := p.users.names[id]
		if link, ok := p.options.Links.BySource(directory.User, id); name == "" && ok {
			name = link.Name
		}
		if name == "" {
			name = id
		}
		out = append(out, name)
	}
	return out
}
