package apply

import (
	"context"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func (a *Applier) createDepartment(operation *plan.Operation) (step, error) {
	parent, err := a.parent(operation.Parent)
	if err != nil {
		return step{}, err
	}
	entry := a.newEntry(operation)
	entry.Parent = parent
	return a.create(operation, entry, a.target.CreateDepartment), nil
}

func (a *Applier) createUser(operation *plan.Operation) (step, error) {
	entry := a.newEntry(operation)
	var missing []string
	entry.Departments, missing = a.targets.all(directory.Department, operation.Departments)
	if len(missing) > 0 && missing[0] == operation.Departments[0] {
		return step{}, &refusal{status: plan.Skipped, reason: ReasonDependencyFailed,
			message: fmt.Sprintf("the main department %s is not in the target", missing[0]), unsure: a.targets.doubted(directory.Department, missing[0])}
	}
	s := a.create(operation, entry, a.target.CreateUser)
	if len(missing) > 0 {
		s.pending = []Pending{{Field: plan.FieldDepartments, IDs: missing}}
	}
	s.left = func(found *directory.Entry) []string {
		return slices.DeleteFunc(slices.Clone(operation.Departments), func(id string) bool {
			target, there := a.targets.of(directory.Department, id)
			return !there || slices.Contains(found.Departments, target)
		})
	}
	return s, nil
}

// newEntry holds the fields that a create writes, but for the sensitive ones. References follow later in the plan.
func (a *Applier) newEntry(operation *plan.Operation) connector.NewEntry {
	entry := connector.NewEntry{Mark: a.mark(operation)}
	for _, change := range operation.Changes {
		if isField(change) && change.Reference == "" && !isSecret(change) {
			entry.Attributes = append(entry.Attributes, directory.Attribute{Name: change.Field, Values: change.After})
		}
	}
	return entry
}

func (a *Applier) create(operation *plan.Operation, entry connector.NewEntry, make func(context.Context, connector.NewEntry) (directory.Entry, error)) step {
	return step{
		write: func(ctx context.Context) (*directory.Entry, error) {
			secrets, err := a.secrets.of(operation)
			if err != nil {
				return nil, err
			}
			whole := entry
			whole.Attributes = merged(entry.Attributes, secrets)
			created, err := make(ctx, whole)
			return written(created, withoutSecrets(err, secrets))
		},
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			asked := entry
			asked.Attributes = merged(entry.Attributes, secretFields(operation))
			found, err := a.target.Find(ctx, operation.Subject, asked)
			if err != nil || found == nil || !a.targets.mayBe(operation.Subject, operation.SourceID, found.ID) {
				return nil, false, err
			}
			switch ours := a.isOurs(operation, entry, found); {
			case !ours && a.hasMark(operation.Subject):
				return nil, false, &connector.Error{Class: connector.Conflict, Err: fmt.Errorf(
					"creating %q: an entry that is not ours stands at its place, %s; move it away or let matching take it over", operation.Name, found.Place)}
			case !ours || operation.Stranger:
				return nil, false, &refusal{status: plan.Failed, reason: ReasonInDoubt, message: fmt.Sprintf(
					"creating %q: whether it was done is not known: an entry stands at its place, %s, that has other values than the planned ones, does not show what it is found by, or was there before; if it is this one, let matching take it over, else move it away",
					operation.Name, found.Place)}
			}
			return found, true, nil
		},
		wrote: operation.Changes,
	}
}

// isOurs says whether an entry is what a create of ours left behind: it bears our mark; or all planned values, on a target without marks.
// Case is no matter, since many targets store it in their own way. One that does not show what it was found by may have stood there before, unseen by
// the plan.
func (a *Applier) isOurs(operation *plan.Operation, entry connector.NewEntry, found *directory.Entry) bool {
	if found.Mark != nil {
		return found.Mark.SourceID == entry.Mark.SourceID && (found.Mark.Owner == "" || found.Mark.Owner == entry.Mark.Owner)
	}
	if a.hasMark(operation.Subject) || unreadable(found, a.nameField(operation.Subject)) {
		return false
	}
	for _, attribute := range entry.Attributes {
		if !sameValues(folded(found.Attributes.Get(attribute.Name)), folded(attribute.Values)) && !unreadable(found, attribute.Name) {
			return false
		}
	}
	return a.holdsSecrets(found, operation)
}

// secretFields names the sensitive fields that an operation writes, without values.
func secretFields(operation *plan.Operation) directory.Attributes {
	var fields directory.Attributes
	for _, change := range operation.Changes {
		if isSecret(change) {
			fields = append(fields, directory.Attribute{Name: change.Field})
		}
	}
	return fields
}

// folded are values without what IgnoreCase ignores.
func folded(values []string) []string {
	keys := make([]string, len(values))
	for i, value := range values {
		keys[i] = directory.IgnoreCase.Key(value)
	}
	return keys
}
