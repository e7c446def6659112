package ldap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Syntaxes of RFC 4517 that decide about the type of a field. All others are text.
const syntaxes = "1.3.6.1.4.1.1466.115.121.1."

var syntaxTypes = map[string]directory.Type{
	syntaxes + "7":  directory.Bool,
	syntaxes + "27": directory.Int,
	syntaxes + "24": directory.Time,
	syntaxes + "5":  directory.Bytes, // binary
	syntaxes + "8":  directory.Bytes, // certificate
	syntaxes + "9":  directory.Bytes, // certificate list
	syntaxes + "10": directory.Bytes, // certificate pair
	syntaxes + "23": directory.Bytes, // fax
	syntaxes + "28": directory.Bytes, // JPEG
	syntaxes + "40": directory.Bytes, // octet string
}

const (
	syntaxDN        = syntaxes + "12"
	syntaxUniqueDN  = syntaxes + "34"
	syntaxTelephone = syntaxes + "50"
)

// people are the attributes whose distinguished names are those of persons. Other names, as in seeAlso, may name anything.
var people = []string{"manager", "secretary", "owner", "member", "uniqueMember", "roleOccupant", "documentAuthor"}

// secrets are attributes that are never read, and written at a create alone.
var secrets = []string{"userPassword", "authPassword", "unicodePwd"}

// operational are the attributes of the server's own that a task may read.
var operational = []string{"entryUUID", "entryDN", "createTimestamp", "modifyTimestamp", "creatorsName", "modifiersName", "memberOf"}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// Schema lists what the server's own schema says. Every attribute that an entry could have is a field of users and of departments.
func (s *Source) Schema(ctx context.Context) (directory.Schema, error) {
	s.schemaMu.Lock()
	defer s.schemaMu.Unlock()
	if s.schema != nil {
		return *s.schema, nil
	}
	attributes, classes, err := s.readSubschema(ctx)
	if err != nil {
		return directory.Schema{}, err
	}
	fields := commonFields(attributes)
	s.rules = map[string]directory.Equality{}
	for i := range fields {
		if rule := attributes.inherited(attributes.find(fields[i].Name), "EQUALITY"); rule != "" {
			s.rules[fields[i].Name] = equalityOf(rule)
		}
	}
	schema := &directory.Schema{Users: slices.Clone(fields), Departments: fields, FoldNames: true}
	if s.target {
		if err := s.forWriting(schema, classes); err != nil {
			return directory.Schema{}, err
		}
	}
	s.schema = schema
	return *schema, nil
}

// readSubschema reads the entry in which the server publishes its schema.
func (s *Source) readSubschema(ctx context.Context) (attributes, classes definitions, err error) {
	place := ""
	base := s.config.Users.BaseDN
	err = s.readEntry(ctx, fmt.Sprintf("reading users.baseDN %q", base), base, []string{"subschemaSubentry"}, func(e *wire.Entry) error {
		place = firstValue(e, "subschemaSubentry")
		return nil
	})
	if err != nil {
		return nil, nil, missingBase("users.baseDN", err)
	}
	if place == "" {
		return nil, nil, invalid("%s: reading its schema: the base entry does not say where it is (subschemaSubentry): give the account the right to read operational attributes", s.server.url)
	}
	search := query{
		attempt: fmt.Sprintf("reading the schema %q", place), base: place, scope: goldap.ScopeBaseObject,
		filter: "(objectClass=subschema)", attributes: []string{"attributeTypes", "objectClasses"},
	}
	err = s.search(ctx, search, func(e *wire.Entry) error {
		attributes = parseDefinitions(values(e, "attributeTypes"))
		classes = parseDefinitions(values(e, "objectClasses"))
		return nil
	})
	if err == nil && (len(attributes) == 0 || len(classes) == 0) {
		err = invalid("%s: reading the schema %q: it is empty: give the account the right to read it", s.server.url, place)
	}
	return attributes, classes, err
}

// commonFields makes a field of every attribute type, in the order of their names.
func commonFields(attributes definitions) []directory.Field {
	var fields []directory.Field
	for name, d := range attributes {
		spelling := d.first("NAME")
		if !strings.EqualFold(spelling, name) {
			continue // an alias, or an OID
		}
		usage := d.first("USAGE")
		if usage != "" && usage != "userApplications" && !contains(operational, spelling) {
			continue
		}
		fields = append(fields, fieldOf(attributes, d))
	}
	slices.SortFunc(fields, func(a, b directory.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

func fieldOf(attributes definitions, d definition) directory.Field {
	name := d.first("NAME")
	syntax, _, _ := strings.Cut(attributes.inherited(d, "SYNTAX"), "{")
	field := directory.Field{
		Name: name, Type: directory.String, Multiple: !d.has("SINGLE-VALUE"), ReadOnly: d.has("NO-USER-MODIFICATION"), Secret: contains(secrets, name),
		Equality: equalityOf(attributes.inherited(d, "EQUALITY")),
	}
	if t, ok := syntaxTypes[syntax]; ok {
		field.Type, field.Equality = t, directory.Exact
	}
	switch syntax {
	case syntaxTelephone:
		field.Equality = directory.Phone
	case syntaxDN, syntaxUniqueDN:
		field.Equality = directory.DN
		if contains(people, name) {
			field.Type, field.Refers = directory.Reference, directory.User
		}
	}
	return field
}

func equalityOf(rule string) directory.Equality {
	switch lower := strings.ToLower(rule); {
	case strings.HasPrefix(lower, "caseignore"), lower == "objectidentifiermatch", lower == "numericstringmatch":
		return directory.IgnoreCase
	case lower == "distinguishednamematch", lower == "uniquemembermatch":
		return directory.DN
	case lower == "telephonenumbermatch":
		return directory.Phone
	default:
		return directory.Exact
	}
}

// forWriting adds what the object classes of a target's new entries say about the fields.
func (s *Source) forWriting(schema *directory.Schema, classes definitions) error {
	users, err := classes.rulesOf(s.config.Users.ObjectClasses)
	if err == nil {
		err = users.restrict(schema.Users, s.config.managedOfUsers())
	}
	if err != nil {
		return fmt.Errorf("%s: users: %w", s.server.url, err)
	}
	departments, err := classes.rulesOf(s.config.Departments.ObjectClasses)
	if err == nil && s.config.Departments.BaseDN != "" {
		err = departments.restrict(schema.Departments, s.config.managedOfDepartments())
	}
	if err != nil {
		return fmt.Errorf("%s: departments: %w", s.server.url, err)
	}
	s.memberRequired = departments.must[strings.ToLower(s.config.Departments.MemberAttribute)]
	s.markIdentifier(schema)
	return nil
}

// classRules is what object classes demand and allow, by attribute in lower case.
type classRules struct {
	names     []string
	must, may map[string]bool
	anything  bool
}

func (all definitions) rulesOf(names []string) (classRules, error) {
	rules := classRules{names: names, must: map[string]bool{}, may: map[string]bool{}}
	chain, unknown := all.chain(names)
	if len(unknown) > 0 {
		return rules, invalid("objectClasses: the server's schema has no object class %s", strings.Join(unknown, ", "))
	}
	for _, class := range chain {
		rules.anything = rules.anything || strings.EqualFold(class.first("NAME"), "extensibleObject")
		for _, name := range class["MUST"] {
			rules.must[strings.ToLower(name)] = true
		}
		for _, name := range class["MAY"] {
			rules.may[strings.ToLower(name)] = true
		}
	}
	return rules, nil
}

func (r classRules) allow(name string) bool {
	name = strings.ToLower(name)
	return r.anything || r.must[name] || r.may[name]
}

// permit is an error when an attribute that the connector writes by itself is not allowed.
func (r classRules) permit(setting, name string) error {
	if r.allow(name) {
		return nil
	}
	return invalid("%s: the object classes %s do not allow the attribute %s: add a class that does, or name another attribute", setting, strings.Join(r.names, ", "), name)
}

// restrict notes what is required, and that what the classes do not allow, or the connector writes by itself, is not for mappings.
// What the connector writes must be allowed.
func (r classRules) restrict(fields []directory.Field, managed map[string]string) error {
	own := map[string]bool{"objectclass": true}
	for setting, name := range managed {
		if name == "" {
			continue
		}
		if err := r.permit(setting, name); err != nil {
			return err
		}
		if err := fits(fields, setting, name); err != nil {
			return err
		}
		if setting != disableSetting { // a row may say who is on and who is off
			own[strings.ToLower(name)] = true
		}
	}
	for i := range fields {
		f := &fields[i]
		name := strings.ToLower(f.Name)
		f.Required = r.must[name] && !own[name]
		f.ReadOnly = f.ReadOnly || own[name] || !r.allow(name)
	}
	return nil
}

// fits refuses an attribute that cannot hold what the connector writes there: every single entry would fail.
func fits(fields []directory.Field, setting, name string) error {
	at := slices.IndexFunc(fields, func(f directory.Field) bool { return strings.EqualFold(f.Name, name) })
	switch {
	case at < 0:
		return invalid("%s: the server's schema has no attribute %s: correct the spelling, or give the account the right to read the whole schema", setting, name)
	case fields[at].ReadOnly:
		return invalid("%s: the attribute %s cannot be written: name another one", setting, name)
	case setting == "mark" && (fields[at].Type != directory.String || fields[at].Equality == directory.DN || fields[at].Equality == directory.Phone):
		return invalid("%s: the attribute %s does not take text as a mark is, such as default/hr#0b7f6c1e-3f6e-4a1b-9b1e-5f0d6c1e2a3b: name one that does", setting, name)
	}
	return nil
}

// disableSetting names the attribute that turns accounts off, in messages.
const disableSetting = "disable.attribute"

// managedOfUsers are the attributes of users that the connector writes by itself, by setting.
func (c Config) managedOfUsers() map[string]string {
	managed := map[string]string{"mark": c.Users.Mark}
	if c.Users.DepartmentAttribute != nil {
		managed["departmentAttribute"] = c.Users.DepartmentAttribute.Name
	}
	if c.Users.Disable != nil {
		managed[disableSetting] = c.Users.Disable.Attribute
	}
	return managed
}

// managedOfDepartments are the attributes of departments that the connector writes by itself, by setting.
func (c Config) managedOfDepartments() map[string]string {
	return map[string]string{
		"mark": c.Departments.Mark, "memberAttribute": c.Departments.MemberAttribute, "leaderAttribute": c.Departments.LeaderAttribute,
	}
}

// markIdentifier notes that the attribute which names users is unique. Below departments a name need only differ from its siblings',
// but a login is unique everywhere by what it means.
func (s *Source) markIdentifier(schema *directory.Schema) {
	rdn := s.config.Users.RDN
	for i := range schema.Users {
		if f := &schema.Users[i]; strings.EqualFold(f.Name, rdn) {
			f.Required = true
			f.Unique = s.config.Users.Layout == Flat || strings.EqualFold(rdn, "uid")
		}
	}
	for i := range schema.Departments {
		if f := &schema.Departments[i]; strings.EqualFold(f.Name, s.config.Departments.RDN) {
			f.Required = true
		}
	}
}
