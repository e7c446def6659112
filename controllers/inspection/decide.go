package inspection

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

// action is the one change that a step makes.
type action int

const (
	doNothing action = iota
	// begin stores a new inspection and makes its Job.
	begin
	// makeJob makes the Job of one that is stored, if the manager died before it did, or the Job was deleted.
	makeJob
	// tellTrouble notes why there is no answer yet.
	tellTrouble
	// giveUp notes that there will be none.
	giveUp
	// forget removes an inspection that is over.
	forget
	// drop takes the request from the task, refuse too, and says why in an event.
	drop
	refuse
)

const (
	// soon is short enough for nobody to notice, and no loop without a pause.
	soon = 100 * time.Millisecond
	// patience is how long a pod may take to start before that is called trouble.
	patience = 15 * time.Second
	// afterTrouble is how soon a check that gave no answer is repeated.
	afterTrouble = 5 * time.Minute
	// answersKept is how many answers to people stay, for answersFor at most:
	// they hold names. The newest check stays until there is a newer one.
	answersKept = 3
	answersFor  = 24 * time.Hour
	checksFor   = 10 * time.Minute
	// openLimit is how many inspections of a task go on at once.
	openLimit = 2
)

// step is what happens next, and when to look again; 0 is when something changes.
type step struct {
	action  action
	look    look
	request inspection.Request
	words   string
	turn    turn
	again   time.Duration
}

// turn is what a step means for the line of the tasks whose check waits for a place.
type turn int

const (
	// keep: something else comes first, so it is not known yet.
	keep turn = iota
	// wait: the check is due, and there is no place.
	wait
	// leave: the check has its place, or is not due.
	leave
)

// decide names the one next step: what is under way first, then what people ask
// for, then what is over, then what is due.
func decide(o *observed, now time.Time) step {
	for _, l := range o.looks {
		if next, found := goOn(l, now); found {
			return next
		}
	}
	if next, found := answerRequest(o); found {
		return next
	}
	next := step{}
	for i, l := range o.looks {
		left := o.keptFor(i, now)
		switch {
		case l.open():
			next.again = earlier(next.again, patience) // trouble does not always come with a change
		case left <= 0:
			return step{action: forget, look: l, again: soon}
		case left < forever:
			next.again = earlier(next.again, left)
		}
	}
	return checkWhenDue(o, now, next)
}

// goOn looks after an inspection that is not over.
func goOn(l look, now time.Time) (step, bool) {
	switch {
	case !l.open():
		return step{}, false
	case l.job == nil:
		return step{action: makeJob, look: l, again: time.Second}, true
	case finishedBy(l.job) != "":
		words := fmt.Sprintf("The Job %q gave no answer (%s).", l.job.Name, finishedBy(l.job))
		if l.trouble != "" {
			words += " " + l.trouble
		}
		return step{action: giveUp, look: l, words: words, again: time.Second}, true
	case l.trouble != "" && !l.Troubled && now.Sub(l.job.CreationTimestamp.Time) >= patience:
		return step{action: tellTrouble, look: l, words: l.trouble, again: time.Second}, true
	}
	return step{}, false
}

// answerRequest does what the task's annotation asks for, as soon as there is a
// definition that can be used.
func answerRequest(o *observed) (step, bool) {
	if o.malformed != "" {
		return step{action: refuse, words: fmt.Sprintf("The annotation %s is not understood, and is removed: %s", v1alpha1.AnnotationInspect, o.malformed)}, true
	}
	if o.request == nil {
		return step{}, false
	}
	uid, open := inspection.UID(string(o.task.UID), o.request.ID), 0
	for _, l := range o.looks {
		if l.UID == uid {
			return step{action: drop, again: soon}, true
		}
		if l.open() {
			open++
		}
	}
	switch ready := o.ready(); {
	case ready == nil, open >= openLimit:
		return step{}, false // a change of either brings us back
	case ready.Status == metav1.ConditionFalse:
		return step{action: refuse, words: "The directories are not looked at, since the task is not Ready: " + ready.Message}, true
	}
	return step{action: begin, request: *o.request, again: soon}, true
}

// checkWhenDue begins a check that nobody asked for.
func checkWhenDue(o *observed, now time.Time, next step) step {
	next.turn = leave
	ready := o.ready()
	_, held := o.task.Annotations[v1alpha1.AnnotationHold]
	if ready == nil || ready.Status != metav1.ConditionTrue || held || o.task.Spec.Suspend || o.limit == 0 {
		return next
	}
	last := o.lastCheck()
	if last != nil && last.open() {
		return next
	}
	slot := slotOf(o.task, now)
	due := slot.end
	switch {
	case last == nil, last.Checked != o.checked, last.spokeAt(now).Before(slot.begin):
		due = now
	case last.Troubled && last.spokeAt(now).Add(afterTrouble).Before(due):
		due = last.spokeAt(now).Add(afterTrouble)
	}
	if due.After(now) {
		next.again = earlier(next.again, due.Sub(now))
		return next
	}
	if o.running+o.ahead >= o.limit {
		next.turn = wait
		return next
	}
	request := inspection.Request{ID: checkID(o, last), Check: true}
	return step{action: begin, request: request, turn: leave, again: patience}
}

// lastCheck is the newest check, or nil.
func (o *observed) lastCheck() *look {
	for i := range o.looks {
		if o.looks[i].Kind == inspection.KindCheck {
			return &o.looks[i]
		}
	}
	return nil
}

// slot is the time from one check to the next.
type slot struct{ begin, end time.Time }

// slotOf spreads the checks of many tasks over the interval: each begins at an
// offset of its own.
func slotOf(task *v1alpha1.SyncTask, now time.Time) slot {
	interval := definition.Resolve(&task.Spec).CheckInterval.Duration
	offset := time.Duration(hashOf(string(task.UID)) % uint64(interval))
	begin := now.Add(-offset).Truncate(interval).Add(offset)
	return slot{begin: begin, end: begin.Add(interval)}
}

func hashOf(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8]) >> 1
}

// checkID follows from what was seen, so that deciding twice makes one check. It
// differs from that of the check before, whose Job may still be there.
func checkID(o *observed, last *look) string {
	before := ""
	if last != nil {
		before = last.UID
	} else if told := o.task.Status.LastCheck; told != nil {
		before = told.Name
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s", o.task.Generation, o.checked, before))
	return hex.EncodeToString(sum[:8])
}

// forever is how long the newest check is kept.
const forever = time.Duration(1<<63 - 1)

// keptFor is how long the answer of an inspection that is over is kept yet. One
// from a time when the manager's clock was ahead goes at once: else it would be
// the newest again when that time has come.
func (o *observed) keptFor(index int, now time.Time) time.Duration {
	l := o.looks[index]
	if l.open() {
		return forever
	}
	spoke := l.spokeAt(now)
	if spoke.IsZero() {
		return 0
	}
	newer := 0
	for _, other := range o.looks[:index] {
		if !other.open() && (other.Kind == inspection.KindCheck) == (l.Kind == inspection.KindCheck) {
			newer++
		}
	}
	switch {
	case l.Kind == inspection.KindCheck && newer == 0:
		return forever
	case l.Kind == inspection.KindCheck:
		return spoke.Add(checksFor).Sub(now)
	case newer >= answersKept:
		return 0
	}
	return spoke.Add(answersFor).Sub(now)
}

func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b < a {
		return b
	}
	return a
}
