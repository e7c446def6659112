package runner

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
)

// outcomeOf says how a run of a name ended that had a plan: from its records and from what ended it. unplaced is how many people name a department
// that the source does not have.
func outcomeOf(run string, t tail, how ending, unplaced int64, about, notice string) report.Outcome {
	outcome := report.Outcome{Result: report.Succeeded, Reason: string(v1alpha1.ReasonSucceeded)}
	failed := sumOf(t.counts, func(o history.OperationCount) int64 { return o.Failed })
	sentences := []string{countSentence(t.counts)}
	switch {
	case how.stopped != nil:
		outcome.Result, outcome.Reason = report.Cancelled, string(v1alpha1.ReasonCancelled)
		sentences = append(sentences, fmt.Sprintf("The run was stopped, and %s not reached. %s", countedWere(t.notReached, "operation"), how.stopped.Why))
	case how.settledOnly && t.notReached+t.inDoubt > 0:
		outcome.Result, outcome.Reason = report.Failed, string(v1alpha1.ReasonBackoffLimit)
		sentences = append(sentences, fmt.Sprintf(
			"The attempts of the run were used up; %s not reached, and %d in doubt. Run again: what is done stays done.", countedWere(t.notReached, "operation"), t.inDoubt))
	case failed > 0:
		outcome.Result, outcome.Reason = report.PartiallyFailed, string(v1alpha1.ReasonPartiallyFailed)
		if t.notReached > 0 {
			sentences = append(sentences, countedWere(t.notReached, "operation")+" not reached, since the target could not go on.")
		}
	}
	sentences = append(sentences, adoptedSentence(t.adopted), unplacedSentence(run, unplaced), t.undecided.sentence(run), about, notice, skippedSentence(run, t))
	outcome.Message = strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
	return outcome
}

// adoptedSentence says how many entries became ours that were there before.
func adoptedSentence(adopted int64) string {
	if adopted == 0 {
		return ""
	}
	return choice(adopted, "1 entry that was there before was", fmt.Sprintf("%d entries that were there before were", adopted)) + " taken over."
}

// unplacedSentence says how many people name a department that there is not: when the task reads the wrong attribute, all operations succeed and
// nobody is in a department.
func unplacedSentence(run string, unplaced int64) string {
	if unplaced == 0 {
		return ""
	}
	return fmt.Sprintf("%s a department that the source does not have; such a value puts nobody into a department and takes nobody out of one. "+
		"See who and which: kubectl synccenter details %s --search %q. "+
		"If it is nearly everybody, correct departmentAttribute in the task: its name, or what it holds.",
		choice(unplaced, "1 person names", fmt.Sprintf("%d people name", unplaced)), run, plan.UnplacedText)
}

// skippedSentence says where it stands why something was skipped, other than what was not reached: no list in the status has that.
func skippedSentence(run string, t tail) string {
	if sumOf(t.counts, func(o history.OperationCount) int64 { return o.Skipped }) <= t.notReached {
		return ""
	}
	return fmt.Sprintf("See what was skipped and why: kubectl synccenter details %s --status skipped.", run)
}

// sayFinding writes what the guard found, and what a person can do, as sentences.
func sayFinding(finding *guard.Finding) string { return sentence(finding.Message) + " " + finding.Ways }

// sentence writes a message as a sentence of its own. Messages begin in lower case, since most stand behind something else.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(message)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(message[size:], ".") + "."
}

// aboutWhom says of a run about some entries alone that it was one.
func (e *execution) aboutWhom() string {
	only := e.definition.RunSpec.Only
	if only == nil {
		return ""
	}
	return fmt.Sprintf("The run was about %s and %s alone, as spec.only says.",
		counted(int64(len(only.Users)), "user"), counted(int64(len(only.Departments)), "department"))
}

// noticeOf says in one sentence why removals are held or refused, if they are.
func noticeOf(summary planSummary, t tail) string {
	if t.refused == 0 {
		return summary.Notice
	}
	refused := fmt.Sprintf("%s refused at the last look: %s.", countedWere(t.refused, "removal"), strings.TrimSuffix(t.refusal, "."))
	return strings.TrimSpace(summary.Notice + " " + refused)
}

// countSentence says what was done.
func countSentence(counts history.Counts) string {
	succeeded := sumOf(counts, func(o history.OperationCount) int64 { return changesOnly(o, o.Succeeded) })
	failed := sumOf(counts, func(o history.OperationCount) int64 { return o.Failed })
	skipped := sumOf(counts, func(o history.OperationCount) int64 { return o.Skipped })
	held := sumOf(counts, func(o history.OperationCount) int64 { return o.Held })
	if succeeded+failed+skipped+held == 0 {
		return "Nothing differs."
	}
	parts := []string{counted(succeeded, "operation") + " succeeded"}
	for _, one := range []struct {
		count int64
		word  string
	}{{failed, "failed"}, {skipped, "skipped"}, {held, "held"}} {
		if one.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.count, one.word))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// changesOnly leaves out what was examined and needed no change.
func changesOnly(o history.OperationCount, count int64) int64 {
	if o.Operation == string(plan.NoUpdate) {
		return 0
	}
	return count
}

func sumOf(counts history.Counts, of func(history.OperationCount) int64) int64 {
	var sum int64
	for _, operation := range counts.Operations {
		sum += of(operation)
	}
	return sum
}

// counted writes a number with its word, as in "1 operation" and "2 operations".
func counted(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// countedWere continues with the verb.
func countedWere(n int64, word string) string {
	if n == 1 {
		return counted(n, word) + " was"
	}
	return counted(n, word) + " were"
}
