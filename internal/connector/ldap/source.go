package ldap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Source reads a directory. Its methods may be called at the same time, but for Departments and Users.
type Source struct {
	config Config
	server *server
	// target reports that what is read is also written.
	target bool

	schemaMu sync.Mutex
	schema   *directory.Schema
	// rules are the equalities by which the server itself finds values, of the attributes that have one.
	rules map[string]directory.Equality
	// references are the attributes in use that name other entries.
	references map[string]bool
	// memberRequired reports that the object classes of departments demand a member.
	memberRequired bool

	users       *places
	departments *departmentIndex
	// indexUsers reports that references to users will have to be resolved.
	indexUsers bool
	loading    sync.Mutex
	leftOut    leftOut
}

var _ connector.Source = (*Source)(nil)

// NewSource connects to the directory that config describes and logs in.
func NewSource(ctx context.Context, config Config) (*Source, error) {
	return open(ctx, config, false)
}

func open(ctx context.Context, config Config, target bool) (*Source, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, &connector.Error{Class: connector.Invalid, Err: err}
	}
	server, err := connect(ctx, config, 0, nil)
	if err != nil {
		return nil, err
	}
	return &Source{config: config, server: server, target: target, users: newPlaces(target), departments: newDepartmentIndex(), references: map[string]bool{}}, nil
}

// Close ends the connections.
func (s *Source) Close() error { return s.server.close() }

// Identity is made of the entryUUIDs of the base entries.
func (s *Source) Identity(ctx context.Context) (string, error) {
	users, err := s.idOf(ctx, "users.baseDN", s.config.Users.BaseDN)
	if err != nil || s.config.Departments.BaseDN == "" {
		return users, err
	}
	departments, err := s.idOf(ctx, "departments.baseDN", s.config.Departments.BaseDN)
	return users + "+" + departments, err
}

// idOf reads the ID of an entry that the configuration names.
func (s *Source) idOf(ctx context.Context, field, dn string) (string, error) {
	attempt := fmt.Sprintf("reading %s %q", field, dn)
	text := ""
	err := s.readEntry(ctx, attempt, dn, []string{entryUUID}, func(e *wire.Entry) error {
		id, ok := parseUUID(firstValue(e, entryUUID))
		if !ok {
			return invalid("%s: %s: it has no %s that can be read: give the account the right to read operational attributes", s.server.url, attempt, entryUUID)
		}
		text = id.String()
		return nil
	})
	return text, missingBase(field, err)
}

// missingBase says of an entry that the configuration names, and that is not there, what to correct. Of other errors it says nothing.
func missingBase(field string, err error) error {
	var result *goldap.Error
	if !errors.As(err, &result) || result.ResultCode != goldap.LDAPResultNoSuchObject {
		return err
	}
	near := ""
	if result.MatchedDN != "" {
		near = fmt.Sprintf(" (its part %q is there)", printable(result.MatchedDN))
	}
	return &connector.Error{Class: connector.NotFound, Err: fmt.Errorf("%w; correct %s%s, or give the account the right to read that entry", err, field, near)}
}

// Departments reads all departments. Their tree is known only when the last one is read, so they are kept until then.
func (s *Source) Departments(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error] {
	return func(yield func(directory.Entry, error) bool) {
		entries, err := s.readDepartments(ctx, fields)
		if err != nil {
			yield(directory.Entry{}, err)
			return
		}
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (s *Source) readDepartments(ctx context.Context, fields []string) ([]directory.Entry, error) {
	var entries []directory.Entry
	var names []string
	var members []membership
	if s.config.Departments.BaseDN != "" {
		r, err := s.reader(ctx, directory.Department, fields)
		if err != nil {
			return nil, err
		}
		base, _ := directory.NormalDN(s.config.Departments.BaseDN) // it is one: see validate
		member := s.config.Departments.MemberAttribute
		wanted := r.attributes
		if member != "" {
			wanted = append(wanted, member)
		}
		err = s.search(ctx, s.everyDepartment(wanted), func(e *wire.Entry) error {
			entry, id, normal, err := s.department(r, e)
			if err != nil || normal == base {
				return err // the base is not a department, even if the filter says so
			}
			entries, names = append(entries, entry), append(names, normal)
			members = appendMembers(members, id, values(e, member))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	s.departments.finish(members)
	if s.config.Departments.Type == OrganizationalUnits {
		for i := range entries {
			s.setParent(&entries[i], names[i])
		}
	}
	return entries, nil
}

// department converts a department, but for its parent, and notes where it stands.
func (s *Source) department(r *reader, e *wire.Entry) (entry directory.Entry, id uuid, normal string, err error) {
	entry, id, err = r.entry(e)
	if err != nil {
		return entry, id, "", err
	}
	normal, ok := directory.NormalDN(e.DN)
	if !ok {
		entry.Err = errName(e.DN)
		return entry, id, "", nil
	}
	if base, _ := directory.NormalDN(s.config.Departments.BaseDN); normal != base {
		s.departments.record(id, e.DN, normal)
		s.departments.call(id, entry.Name)
	}
	return entry, id, normal, nil
}

// errName is about an entry whose name is no distinguished name, or longer than any should be.
func errName(dn string) error {
	return fmt.Errorf("reading %q: its name cannot be taken apart: rename the entry", printable(dn))
}

func (s *Source) everyDepartment(attributes []string) query {
	return query{
		attempt: fmt.Sprintf("reading departments under %q", s.config.Departments.BaseDN), base: s.config.Departments.BaseDN,
		scope: goldap.ScopeWholeSubtree, filter: s.config.Departments.Filter, attributes: attributes,
	}
}

func appendMembers(members []membership, department uuid, dns []string) []membership {
	for _, dn := range dns {
		if normal, ok := directory.NormalDN(dn); ok {
			members = append(members, membership{keyOf(normal), department})
		}
	}
	return members
}

func (s *Source) setParent(entry *directory.Entry, normal string) {
	if id, ok := s.departments.nearest(normal); ok {
		entry.Parent = id.String()
	}
}

// Users reads all users, one after the other.
func (s *Source) Users(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error] {
	return func(yield func(directory.Entry, error) bool) {
		r, err := s.reader(ctx, directory.User, fields)
		if err == nil && !s.departments.complete() {
			err = invalid("reading users before all departments are read")
		}
		if err != nil {
			yield(directory.Entry{}, err)
			return
		}
		s.indexUsers = s.namesUsers()
		all := query{
			attempt: fmt.Sprintf("reading users under %q", s.config.Users.BaseDN), base: s.config.Users.BaseDN,
			scope: goldap.ScopeWholeSubtree, filter: s.config.Users.Filter, attributes: r.attributes,
		}
		err = s.search(ctx, all, func(e *wire.Entry) error {
			entry, err := s.user(r, e)
			if err != nil {
				return err
			}
			if !yield(entry, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(directory.Entry{}, err)
		}
	}
}

// user converts a user with its departments and notes where it stands.
func (s *Source) user(r *reader, e *wire.Entry) (directory.Entry, error) {
	entry, id, err := r.entry(e)
	if err != nil {
		return entry, err
	}
	grouped := s.config.Users.Layout == ByDepartment || s.config.Departments.Type == Groups
	indexed := s.indexUsers || s.target
	normal := ""
	if grouped || indexed { // else nobody asks for its place
		var ok bool
		if normal, ok = directory.NormalDN(e.DN); !ok {
			entry.Err = errName(e.DN)
			return entry, nil
		}
	}
	if indexed {
		s.users.record(id, e.DN, normal)
	}
	departments, unplaced, err := s.departmentsOf(r, e, normal)
	if err != nil && entry.Err == nil {
		entry.Err = fmt.Errorf("reading %q: %w", printable(e.DN), err)
	}
	entry.Departments = departments
	if !s.target { // what a value in the target names is for those to say who wrote it
		entry.Unplaced = unplaced
	}
	return entry, nil
}

// noteReferences remembers which attributes in use name other entries.
func (s *Source) noteReferences(fields []directory.Field) {
	s.schemaMu.Lock()
	defer s.schemaMu.Unlock()
	for i := range fields {
		if fields[i].Type == directory.Reference {
			s.references[fields[i].Name] = true
		}
	}
}

// namesUsers reports that names of users will have to be resolved.
func (s *Source) namesUsers() bool {
	s.schemaMu.Lock()
	defer s.schemaMu.Unlock()
	return s.target || len(s.references) > 0 || s.config.Departments.LeaderAttribute != ""
}

// Resolve finds the entry that a distinguished name names.
func (s *Source) Resolve(reference string) (string, bool) {
	normal, ok := directory.NormalDN(reference)
	if !ok {
		return "", false
	}
	id, ok := s.users.find(normal)
	if !ok {
		id, ok = s.departments.find(normal)
	}
	if !ok {
		return "", false
	}
	return id.String(), true
}
