package runner

import (
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// decidedRecord is the record of an operation whose outcome planning knew.
func decidedRecord(operation *plan.Operation, decidedAt time.Time) history.Record {
	record := recordOf(operation)
	record.Status, record.Reason, record.Message = operation.Decision.Status, operation.Decision.Reason, operation.Decision.Message
	if record.Message == "" {
		record.Message = operation.Note
	}
	record.Time = decidedAt
	return record
}

// doneRecord is the record of an operation that was carried out, or was to be.
func doneRecord(operation *plan.Operation, outcome apply.Outcome) history.Record {
	record := recordOf(operation)
	record.Status, record.Reason, record.Message, record.Time = outcome.Status, outcome.Reason, outcome.Message, outcome.Time
	if outcome.TargetID != "" {
		record.TargetID = outcome.TargetID
	}
	if record.Message == "" {
		record.Message = operation.Note
	}
	if outcome.Status == plan.Succeeded {
		record.Changes = withoutPending(record.Changes, outcome.Pending)
	}
	return record
}

func recordOf(operation *plan.Operation) history.Record {
	return history.Record{
		Subject: operation.Subject, Operation: operation.Kind, SourceID: operation.SourceID, TargetID: operation.TargetID,
		Name: operation.Name, Changes: masked(operation.Changes),
	}
}

// masked puts a mask in the place of sensitive values, of which the plan has digests: those tell whoever has the salt more than a record should.
func masked(changes []plan.Change) []plan.Change {
	if !slices.ContainsFunc(changes, func(change plan.Change) bool { return change.Sensitive }) {
		return changes
	}
	changes = slices.Clone(changes)
	for i := range changes {
		if change := &changes[i]; change.Sensitive {
			change.Before, change.After = maskOf(change.Before), maskOf(change.After)
		}
	}
	return changes
}

func maskOf(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	return []string{hidden.Mask}
}

// withoutPending takes what was left out of the changes that a record shows as done.
func withoutPending(changes []plan.Change, pending []apply.Pending) []plan.Change {
	if len(pending) == 0 {
		return changes
	}
	changes = slices.Clone(changes)
	for i := range changes {
		for _, left := range pending {
			if left.Field == changes[i].Field {
				changes[i] = withoutElements(changes[i], left.IDs)
			}
		}
	}
	return changes
}

func withoutElements(change plan.Change, ids []string) plan.Change {
	var after, names []string
	for i, id := range change.After {
		if slices.Contains(ids, id) {
			continue
		}
		after = append(after, id)
		if i < len(change.AfterNames) {
			names = append(names, change.AfterNames[i])
		}
	}
	// The main department stays that of before until the new one is there.
	if main := slices.Index(after, first(change.Before)); change.Field == plan.FieldDepartments && main > 0 && slices.Contains(ids, first(change.After)) {
		after = slices.Concat(after[main:main+1], after[:main], after[main+1:])
		if main < len(names) {
			names = slices.Concat(names[main:main+1], names[:main], names[main+1:])
		}
	}
	change.After, change.AfterNames = after, names
	return change
}

func first(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}
