package apply

import (
	"context"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// changeUserDepartments changes where a user belongs, on a target that keeps this on the user.
func (a *Applier) changeUserDepartments(operation *plan.Operation) (step, error) {
	id, err := a.subject(operation)
	if err != nil {
		return step{}, err
	}
	add, remove, missing := a.elements(directory.Department, changeOf(operation, plan.FieldDepartments))
	var pending []Pending
	if len(missing) > 0 {
		pending = []Pending{{Field: plan.FieldDepartments, IDs: missing}}
	}
	wanted := changeOf(operation, plan.FieldDepartments).After
	if there, _ := a.targets.all(directory.Department, wanted); len(there) == 0 && len(wanted) > 0 {
		return step{}, nothingButPending(pending) // or the user would lose the last department
	}
	change := connector.DepartmentsChange{Add: add, Remove: remove}
	if operation.Main != "" {
		var ok bool
		switch change.Main, ok = a.targets.of(directory.Department, operation.Main); {
		case ok:
		case a.able.SingleDepartment:
			return step{}, nothingButPending([]Pending{{Field: plan.FieldDepartments, IDs: []string{operation.Main}}})
		default:
			change.Main = a.mainInstead(changeOf(operation, plan.FieldDepartments))
		}
	}
	if change.Main == "" && len(add)+len(remove) == 0 {
		return step{}, nothingButPending(pending)
	}
	return a.finishing(operation, id, step{
		write: a.unlessPlaced(operation, func(ctx context.Context) (*directory.Entry, error) {
			return written(a.target.ChangeUserDepartments(ctx, id, change))
		}),
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, directory.User, id, nil)
			return entry, entry != nil && belongs(entry, change), err
		},
		pending: pending,
	}), nil
}

// mainInstead is the main department until the one that should be is there: none, if the user stays in that of before, so that nothing is changed;
// else the next one.
func (a *Applier) mainInstead(change plan.Change) string {
	if len(change.Before) > 0 && slices.Contains(change.After, change.Before[0]) {
		return ""
	}
	there, _ := a.targets.all(directory.Department, change.After)
	return there[0]
}

// belongs says whether a user is where the change puts it.
func belongs(entry *directory.Entry, change connector.DepartmentsChange) bool {
	for _, id := range change.Add {
		if !slices.Contains(entry.Departments, id) {
			return false
		}
	}
	for _, id := range change.Remove {
		if slices.Contains(entry.Departments, id) {
			return false
		}
	}
	return change.Main == "" || len(entry.Departments) > 0 && entry.Departments[0] == change.Main
}

func (a *Applier) syncDepartmentMembers(operation *plan.Operation) (step, error) {
	return a.syncPeople(operation, plan.FieldMembers, a.target.SyncDepartmentMembers)
}

func (a *Applier) syncDepartmentLeaders(operation *plan.Operation) (step, error) {
	return a.syncPeople(operation, plan.FieldLeaders, a.target.SyncDepartmentLeaders)
}

// syncPeople adds people to a list of a department and removes others. Doing it again changes nothing, so doubt needs no reading.
func (a *Applier) syncPeople(operation *plan.Operation, field string, sync func(ctx context.Context, id string, add, remove []string) error) (step, error) {
	id, err := a.subject(operation)
	if err != nil {
		return step{}, err
	}
	add, remove, missing := a.elements(directory.User, changeOf(operation, field))
	var pending []Pending
	if len(missing) > 0 {
		pending = []Pending{{Field: field, IDs: missing}}
	}
	if len(add)+len(remove) == 0 && len(pending) > 0 {
		return step{}, nothingButPending(pending)
	}
	return step{
		write: a.unlessPlaced(operation, func(ctx context.Context) (*directory.Entry, error) {
			return nil, sync(ctx, id, add, remove)
		}),
		pending: pending,
	}, nil
}

// unlessPlaced lets a write take the last department from people only if the source, asked once more, has none for them.
func (a *Applier) unlessPlaced(operation *plan.Operation, write func(context.Context) (*directory.Entry, error)) func(context.Context) (*directory.Entry, error) {
	if !operation.TakesAway {
		return write
	}
	return func(ctx context.Context) (*directory.Entry, error) {
		for ids := range slices.Chunk(People(operation), lookupBatch) {
			verdicts, err := a.ask(ctx, a.options.WithoutDepartment, ids, lastDepartment)
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				switch verdicts[id] {
				case Gone, OutOfScope:
				case StillThere:
					return nil, lastDepartment.refused(ReasonStillInSource, fmt.Sprintf(
						"the user %s has a department in the source again, as the look-up just before found; the next run looks at it afresh", id))
				default:
					return nil, lastDepartment.refused(ReasonLookupFailed, fmt.Sprintf("the source did not say whether the user %s has a department", id))
				}
			}
		}
		return write(ctx)
	}
}
