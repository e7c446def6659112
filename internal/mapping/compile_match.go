package mapping

import (
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// identifierRule is the rule for users when the task gives none: the target's identifier equals the field that it is copied from. There is
// none where doubles of it get a number: a newcomer must not be taken for the one who has the name already.
func identifierRule(users *kindMapper, identifier string) []Rule {
	for _, group := range [][]row{users.fields, users.onCreate} {
		for i := range group {
			if r := &group[i]; r.field.Name == identifier && r.from != "" && !r.numbered {
				return []Rule{{Pairs: []Pair{{Target: identifier, Source: r.from}}}}
			}
		}
	}
	return nil
}

// rules prepares the matching rules of a kind.
func (c *compiler) rules(kind directory.Kind, k *kindMapper, rules []Rule) {
	for i, r := range rules {
		path := rulePath(kind, i)
		var compiled rule
		for _, p := range r.Pairs {
			if prepared, ok := c.pair(kind, k, path, p); ok {
				compiled.pairs = append(compiled.pairs, prepared)
			}
		}
		if len(r.Pairs) == 0 {
			c.report(path, "", "the rule names no fields, so it would match everything")
		}
		k.rules = append(k.rules, compiled)
	}
}

// pair prepares a pair of fields of a rule.
func (c *compiler) pair(kind directory.Kind, k *kindMapper, path string, p Pair) (pair, bool) {
	field, found := c.target.Field(kind, p.Target)
	if !found {
		c.report(path, "", "the target has no field %q for a %s", p.Target, strings.ToLower(string(kind)))
	}
	if effective, mapped := k.effective[field.Name]; mapped {
		field = effective
	}
	source, ok := c.source.Field(kind, p.Source)
	if !ok {
		c.report(path, "", "the source has no field %q for a %s", p.Source, strings.ToLower(string(kind)))
	}
	if !found || !ok {
		return pair{}, false
	}
	if field.Type == directory.Reference || source.Type == directory.Reference {
		c.report(path, "", "%q and %q cannot be matched: a reference means something in its own directory only", p.Target, p.Source)
		return pair{}, false
	}
	if !copies(source.Type, field.Type) {
		c.report(path, "", "%q is of type %s and %q of type %s: they are never equal", p.Target, field.Type, p.Source, source.Type)
		return pair{}, false
	}
	k.effective[field.Name] = field
	return pair{field: field, source: source.Name}, true
}
