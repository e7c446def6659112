package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// Compile checks a Spec against both directories and prepares it. An error is of type Problems and lists everything that is wrong.
//
// Without a matching rule users are matched by the field that identifies them in the target, if a row copies it.
func Compile(spec Spec, source, target directory.Schema, capabilities directory.Capabilities) (*Mapper, error) {
	c := compiler{source: source, target: target, accounts: capabilities.DisableField}
	users := c.kind(directory.User, spec.Users, capabilities.UserIdentifier)
	departments := c.kind(directory.Department, spec.Departments, capabilities.DepartmentName)
	rules := spec.MatchUsers
	if len(rules) == 0 {
		rules = identifierRule(users, capabilities.UserIdentifier)
	}
	c.rules(directory.User, users, rules)
	c.rules(directory.Department, departments, spec.MatchDepartments)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	users.collectFields()
	departments.collectFields()
	return &Mapper{users: users, departments: departments, account: accountOf(users, capabilities)}, nil
}

// compiler gathers what is wrong while it prepares rows and rules.
type compiler struct {
	source, target directory.Schema
	// accounts is the field that turns accounts off, if a mapping may write it.
	accounts string
	problems Problems
}

func (c *compiler) report(path, field, format string, arguments ...any) {
	c.problems = append(c.problems, Problem{Path: path, Field: field, Message: fmt.Sprintf(format, arguments...)})
}

// kind prepares the rows of a kind. The naming field is the one by which the target knows an entry: nothing can be done without it.
func (c *compiler) kind(kind directory.Kind, rows []Row, naming string) *kindMapper {
	k := &kindMapper{effective: make(map[string]directory.Field, len(rows))}
	givenBy := map[string]string{}
	for i, r := range rows {
		path := rowPath(kind, i)
		compiled, ok := c.row(kind, path, r, naming)
		if compiled.field.Name != "" {
			if earlier, twice := givenBy[compiled.field.Name]; twice {
				c.report(path, r.To, "%s gives this field already: keep one of the two rows", earlier)
				continue
			}
			givenBy[compiled.field.Name] = path
		}
		if !ok {
			continue
		}
		k.effective[compiled.field.Name] = compiled.field
		if compiled.sensitive {
			k.sensitive = append(k.sensitive, compiled)
		}
		switch {
		case compiled.field.Type == directory.Reference:
			k.references = append(k.references, compiled)
		case compiled.onCreate:
			k.onCreate = append(k.onCreate, compiled)
			if compiled.numbered {
				k.numberedOnCreate = append(k.numberedOnCreate, compiled)
			}
		default:
			k.fields = append(k.fields, compiled)
		}
	}
	for _, field := range c.target.Fields(kind) {
		if (field.Required || field.Name == naming) && givenBy[field.Name] == "" {
			c.report("mappings."+plural(kind), "", "the target needs the field %q for every %s, and no row gives it", field.Name, strings.ToLower(string(kind)))
		}
	}
	for _, group := range [][]row{k.fields, k.onCreate, k.numberedOnCreate, k.references, k.sensitive} {
		slices.SortFunc(group, func(a, b row) int { return cmp.Compare(a.field.Name, b.field.Name) })
	}
	return k
}

// row prepares one row. Its field is set as soon as it is known, also when something else is wrong.
func (c *compiler) row(kind directory.Kind, path string, r Row, naming string) (row, bool) {
	field, ok := c.target.Field(kind, r.To)
	if !ok {
		c.report(path, r.To, "the target has no field %q for a %s", r.To, strings.ToLower(string(kind)))
		return row{}, false
	}
	before := len(c.problems)
	if field.ReadOnly {
		c.report(path, r.To, "the field cannot be written: the target or its connector sets it")
	}
	if field.Secret && !(r.Sensitive && r.OnCreate) {
		c.report(path, r.To, "the field holds a secret, which the target does not give back: it is written only by a row with sensitive: true and apply: OnCreate")
	}
	if r.Sensitive && c.accounts != "" && field.Name == c.accounts && kind == directory.User {
		c.report(path, r.To, "the field says whose account is off, which decides about removals, so it cannot be sensitive")
	}
	if r.Sensitive && field.Name == naming {
		c.report(path, r.To, "the field names the %s in the target, and so in messages and records, so it cannot be sensitive", strings.ToLower(string(kind)))
	}
	field.Required = field.Required || r.Required || field.Name == naming
	field.Type = cmp.Or(r.Type, field.Type)
	field.Equality = cmp.Or(r.Equality, field.Equality)
	if field.Type == directory.Reference {
		field.Refers = cmp.Or(field.Refers, directory.User)
		if r.OnCreate {
			c.report(path, r.To, "a reference is written after all creates: it cannot be OnCreate")
		}
	}
	r.Type = field.Type
	for _, err := range []error{r.mayBeSensitive(), r.mayBeNumbered(kind)} {
		if err != nil {
			c.report(path, r.To, "%v", err)
		}
	}
	compiled := row{path: path, field: field, onCreate: r.OnCreate, numbered: r.Numbered, sensitive: r.Sensitive}
	c.giver(kind, r, &compiled)
	return compiled, len(c.problems) == before
}

// giver prepares what gives a row its values.
func (c *compiler) giver(kind directory.Kind, r Row, compiled *row) {
	path, field := compiled.path, compiled.field
	if err := oneGiver(r); err != nil {
		c.report(path, r.To, "%v", err)
		return
	}
	switch {
	case r.From != "":
		from, ok := c.source.Field(kind, r.From)
		if !ok {
			c.report(path, r.To, "the source has no field %q for a %s", r.From, strings.ToLower(string(kind)))
			return
		}
		if from.Secret {
			c.report(path, r.To, "the source does not give the field %q back, since it holds a secret: take another field", from.Name)
		}
		if !copies(from.Type, field.Type) {
			c.report(path, r.To, "it copies the field %q of type %s into one of type %s: convert it with an expression", from.Name, from.Type, field.Type)
		}
		compiled.from = from.Name
	case r.Value != nil:
		constant, err := canonical(field, []string{*r.Value})
		if err == nil && len(constant) == 0 && field.Required {
			err = errRequired
		}
		if err != nil {
			c.report(path, r.To, "the constant does not fit: %v", err)
		}
		compiled.constant = constant
	default:
		x, err := expression.Compile(kind, r.Expression, c.source)
		if err != nil {
			c.report(path, r.To, "expression: %v", err)
			return
		}
		if result := x.Type(); field.Type != directory.Reference && !copies(result, field.Type) {
			c.report(path, r.To, "the expression gives %s and the field is of type %s", result, field.Type)
		}
		compiled.expression = x
	}
}

// copies reports that values of one type may be values of another: text may be anything, which each value must show, and what has a
// canonical text may be text. References are names within one directory and become nothing else, nor anything else them.
func copies(from, to directory.Type) bool {
	switch {
	case from == "" || from == to:
		return true
	case from == directory.Reference || to == directory.Reference:
		return false
	case from == directory.String:
		return true
	default:
		return to == directory.String && from != directory.Bytes
	}
}

// collectFields lists what is read of entries of both sides.
func (k *kindMapper) collectFields() {
	for _, group := range [][]row{k.fields, k.onCreate, k.references} {
		for i := range group {
			k.sourceFields = append(k.sourceFields, group[i].reads()...)
			if !group[i].onCreate || group[i].numbered {
				k.targetFields = append(k.targetFields, group[i].field.Name)
			}
		}
	}
	for _, r := range k.rules {
		for _, p := range r.pairs {
			k.sourceFields = append(k.sourceFields, p.source)
			k.targetFields = append(k.targetFields, p.field.Name)
		}
	}
	slices.Sort(k.sourceFields)
	slices.Sort(k.targetFields)
	k.sourceFields, k.targetFields = slices.Compact(k.sourceFields), slices.Compact(k.targetFields)
}
