package plan

import (
	"fmt"
	"iter"

	"synccenter.dev/synccenter/internal/directory"
)

// Validated passes a plan through and ends it with an error at the first operation that breaks a rule: whoever made the plan,
// nothing of it is done before it was checked. The rules: positions without gaps, waves that never go down, a subject and a kind that fit,
// departments after the parents that the same plan creates, no removal and no change without a target entry, needs that come before.
func Validated(operations iter.Seq2[Operation, error]) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		check := validation{created: map[string]uint32{}}
		for operation, err := range operations {
			if err == nil {
				err = check.next(&operation)
			}
			if err != nil {
				yield(Operation{}, err)
				return
			}
			if !yield(operation, nil) {
				return
			}
		}
	}
}

type validation struct {
	index int
	wave  uint32
	// created are the departments that the plan has created so far, with their wave.
	created map[string]uint32
}

func (v *validation) next(o *Operation) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("checking the plan: operation %d (%s of %q): %s", o.Index, o.Kind, o.SourceID, fmt.Sprintf(format, args...))
	}
	subject, known := subjects[o.Kind]
	if !known || subject != "" && subject != o.Subject || o.Subject != directory.User && o.Subject != directory.Department {
		return fail("a %q cannot be the subject", o.Subject)
	}
	if o.SourceID == "" {
		return fail("it names no source entry")
	}
	if o.Decision != nil {
		return nil
	}
	if o.Index != v.index || o.Wave < v.wave {
		return fail("it is out of order at position %d, wave %d after %d", v.index, o.Wave, v.wave)
	}
	v.index, v.wave = v.index+1, o.Wave
	for _, needed := range o.Needs {
		if needed < 0 || needed >= o.Index {
			return fail("it needs operation %d, which does not come before it", needed)
		}
	}
	if o.Kind == NoUpdate {
		return fail("there is nothing to do, so it needs a decision")
	}
	if (o.Kind == DeleteUser || o.Kind == DeleteDepartment) && (o.TargetID == "" || o.Removal == "") {
		return fail("a removal needs a link and a way of removal")
	}
	if o.Kind == CreateDepartment {
		if at, ok := v.created[o.Parent]; ok && at >= o.Wave {
			return fail("its parent %s is created in the same wave", o.Parent)
		}
		v.created[o.SourceID] = o.Wave
	}
	return nil
}

// subjects says what each kind of operation is done to; empty means either.
var subjects = map[OperationKind]directory.Kind{
	CreateDepartment: directory.Department, MoveDepartment: directory.Department, UpdateDepartment: directory.Department,
	DeleteDepartment: directory.Department, SyncDepartmentMembers: directory.Department, SyncDepartmentLeaders: directory.Department,
	CreateUser: directory.User, UpdateUser: directory.User, DeleteUser: directory.User,
	ChangeUserIdentifier: directory.User, ChangeUserDepartments: directory.User,
	NoUpdate: "",
}
