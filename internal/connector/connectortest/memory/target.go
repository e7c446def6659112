package memory

import (
	"context"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Capabilities are those of the directory.
func (t *Target) Capabilities() directory.Capabilities { return t.config.Capabilities }

// write does one write, and answers with the entry as it reads then.
func (t *Target) write(ctx context.Context, call Call, do func() (*Entry, error)) (directory.Entry, error) {
	call.Write = true
	later, err := t.begin(ctx, call)
	if err != nil {
		return directory.Entry{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	entry, err := do()
	if err == nil {
		t.writes++
		err = later
	}
	if err != nil || entry == nil {
		return directory.Entry{}, err
	}
	var fields []string
	for _, field := range t.config.Schema.Fields(call.Kind) {
		fields = append(fields, field.Name)
	}
	return t.convert(entry, fields), nil
}

// change writes to one entry.
func (t *Target) change(ctx context.Context, method string, key Key, edit func(*Entry) error) (directory.Entry, error) {
	return t.write(ctx, Call{Method: method, Kind: key.Kind, ID: key.ID}, func() (*Entry, error) {
		entry, err := t.entry(key)
		if err == nil {
			err = edit(entry)
		}
		if err == nil {
			err = t.store(entry)
		}
		return entry, err
	})
}

// CreateUser adds a user.
func (t *Target) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	return t.create(ctx, "CreateUser", &Entry{Kind: directory.User, Departments: slices.Clone(user.Departments)}, user)
}

// CreateDepartment adds a department.
func (t *Target) CreateDepartment(ctx context.Context, department connector.NewEntry) (directory.Entry, error) {
	return t.create(ctx, "CreateDepartment", &Entry{Kind: directory.Department, Parent: department.Parent}, department)
}

func (t *Target) create(ctx context.Context, method string, entry *Entry, wanted connector.NewEntry) (directory.Entry, error) {
	return t.write(ctx, Call{Method: method, Kind: entry.Kind}, func() (*Entry, error) {
		entry.ID = t.nextID(entry.Kind)
		for _, attribute := range wanted.Attributes {
			entry.Set(attribute.Name, slices.Clone(attribute.Values)...)
		}
		if t.marks(entry.Kind) {
			entry.Mark = &wanted.Mark
		}
		return entry, t.store(entry)
	})
}

// marks reports that entries of a kind have a place for a mark.
func (t *Target) marks(kind directory.Kind) bool {
	if kind == directory.Department {
		return t.config.Capabilities.DepartmentMark
	}
	return t.config.Capabilities.UserMark
}

// UpdateUser changes fields, the mark and whether the account is on.
func (t *Target) UpdateUser(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	return t.change(ctx, "UpdateUser", Key{directory.User, id}, func(entry *Entry) error {
		if patch.Active != nil {
			if !t.config.Capabilities.Disable {
				return refuse(connector.Invalid, "%s: accounts cannot be turned off here", t.config.Name)
			}
			entry.Disabled = !*patch.Active
		}
		return t.patch(entry, patch)
	})
}

// UpdateDepartment changes fields and the mark.
func (t *Target) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	return t.change(ctx, "UpdateDepartment", Key{directory.Department, id}, func(entry *Entry) error { return t.patch(entry, patch) })
}

func (t *Target) patch(entry *Entry, patch connector.Patch) error {
	if patch.Mark != nil && t.marks(entry.Kind) {
		mark := *patch.Mark
		entry.Mark = &mark
	}
	for _, change := range patch.Changes {
		field, _ := t.config.Schema.Field(entry.Kind, change.Field)
		switch {
		case field.Type != directory.Reference:
			entry.Set(change.Field, slices.Clone(change.Values)...)
		case !field.Multiple && len(change.Add) > 0:
			if err := t.exist(change.Add[:1]); err != nil {
				return err
			}
			entry.Set(change.Field, Reference(change.Add[0]))
		default:
			values, err := t.named(entry.Fields[change.Field], change.Add, change.Remove)
			if err != nil {
				return err
			}
			entry.Set(change.Field, values...)
		}
	}
	return nil
}

// named adds users to a list of references and takes others out. What is so already is no error.
func (t *Target) named(references, add, remove []string) ([]string, error) {
	if err := t.exist(add); err != nil {
		return nil, err
	}
	references = slices.Clone(references)
	for _, id := range add {
		if !slices.Contains(references, Reference(id)) {
			references = append(references, Reference(id))
		}
	}
	return slices.DeleteFunc(references, func(reference string) bool {
		id, ok := Referred(reference)
		return ok && slices.Contains(remove, id)
	}), nil
}

func (t *Target) exist(users []string) error {
	for _, id := range users {
		if _, err := t.entry(Key{directory.User, id}); err != nil {
			return err
		}
	}
	return nil
}

// ChangeUserIdentifier renames a user.
func (t *Target) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	return t.change(ctx, "ChangeUserIdentifier", Key{directory.User, id}, func(entry *Entry) error {
		entry.Set(t.config.Capabilities.UserIdentifier, slices.Clone(values)...)
		return nil
	})
}

// ChangeUserDepartments changes where a user belongs.
func (t *Target) ChangeUserDepartments(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	return t.change(ctx, "ChangeUserDepartments", Key{directory.User, id}, func(entry *Entry) error {
		if t.config.Capabilities.SingleDepartment {
			entry.Departments = nil
			if change.Main != "" {
				entry.Departments = []string{change.Main}
			}
			return nil
		}
		var departments []string
		for _, id := range slices.Concat([]string{change.Main}, entry.Departments, change.Add) {
			if id != "" && !slices.Contains(departments, id) && !slices.Contains(change.Remove, id) {
				departments = append(departments, id)
			}
		}
		entry.Departments = departments
		return nil
	})
}

// DeleteUser removes a user.
func (t *Target) DeleteUser(ctx context.Context, id string) error {
	_, err := t.write(ctx, Call{Method: "DeleteUser", Kind: directory.User, ID: id}, func() (*Entry, error) { return nil, t.remove(Key{directory.User, id}) })
	return err
}

// DeleteDepartment removes an empty department.
func (t *Target) DeleteDepartment(ctx context.Context, id string) error {
	_, err := t.write(ctx, Call{Method: "DeleteDepartment", Kind: directory.Department, ID: id}, func() (*Entry, error) {
		return nil, t.remove(Key{directory.Department, id})
	})
	return err
}

// MoveDepartment puts a department below another one.
func (t *Target) MoveDepartment(ctx context.Context, id, parent string) (directory.Entry, error) {
	return t.change(ctx, "MoveDepartment", Key{directory.Department, id}, func(entry *Entry) error {
		entry.Parent = parent
		return nil
	})
}

// SyncDepartmentMembers changes the members of a department.
func (t *Target) SyncDepartmentMembers(ctx context.Context, id string, add, remove []string) error {
	_, err := t.change(ctx, "SyncDepartmentMembers", Key{directory.Department, id}, func(entry *Entry) (err error) {
		if t.config.Capabilities.Membership != directory.OnDepartment {
			return refuse(connector.Invalid, "%s: departments do not name their members here", t.config.Name)
		}
		entry.Members, err = t.named(entry.Members, add, remove)
		return err
	})
	return err
}

// SyncDepartmentLeaders changes the leaders of a department.
func (t *Target) SyncDepartmentLeaders(ctx context.Context, id string, add, remove []string) error {
	_, err := t.change(ctx, "SyncDepartmentLeaders", Key{directory.Department, id}, func(entry *Entry) (err error) {
		if !t.config.Capabilities.Leaders {
			return refuse(connector.Invalid, "%s: departments do not name their leaders here", t.config.Name)
		}
		entry.Leaders, err = t.named(entry.Leaders, add, remove)
		return err
	})
	return err
}

// Find looks for what a create may have left behind: by its mark, or at its place where there are no marks.
func (t *Target) Find(ctx context.Context, kind directory.Kind, entry connector.NewEntry) (*directory.Entry, error) {
	later, err := t.begin(ctx, Call{Method: "Find", Kind: kind})
	if err != nil {
		return nil, err
	}
	if later != nil {
		return nil, later
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*Entry
	for _, key := range t.sorted(kind) {
		if t.isThat(t.entries[key], entry) {
			found = append(found, t.entries[key])
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		var fields []string
		for _, attribute := range entry.Attributes {
			fields = append(fields, attribute.Name)
		}
		one := t.convert(found[0], fields)
		return &one, nil
	}
	return nil, refuse(connector.Conflict, "%s: %d entries bear the mark of %q", t.config.Name, len(found), entry.Mark.SourceID)
}

func (t *Target) isThat(kept *Entry, wanted connector.NewEntry) bool {
	if t.marks(kept.Kind) {
		return kept.Mark != nil && *kept.Mark == wanted.Mark
	}
	able := t.config.Capabilities
	naming := able.UserIdentifier
	if kept.Kind == directory.Department {
		naming = able.DepartmentName
	}
	field, _ := t.config.Schema.Field(kept.Kind, naming)
	name := wanted.Attributes.Get(naming)
	return len(name) > 0 && kept.Parent == wanted.Parent && field.Equality.Key(kept.First(naming)) == field.Equality.Key(name[0])
}
