// Package connectortest holds the cases that every connector must pass: Run takes a function that makes an empty directory and
// does to it, through the connector alone, what a run does. A case that a directory has no place for is skipped with the reason.
package connectortest

import (
	"iter"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Fixture is a directory for one case. It is empty at first.
type Fixture struct {
	// Open connects to the directory as one run does. The connection is closed when the test ends.
	Open func(t *testing.T) connector.Target
	// User is the least that a new user needs.
	User func(login, name string) directory.Attributes
	// Department is the least that a new department needs.
	Department func(name string) directory.Attributes
	// Text is a text field of users that holds one value at least, is not required and nothing depends on.
	Text string
	// PageSize is how many entries the connector asks for at a time.
	PageSize int
	// Fill puts so many users into the directory, past the connector.
	Fill func(t *testing.T, users int)
	// CutAfter breaks the connection once the directory has answered so many more bytes; a negative number mends it.
	// Connections opened before are cut too.
	CutAfter func(bytes int64)
	// OpenPowerless connects as somebody who may read everything and write nothing. It is nil where nobody is refused anything.
	OpenPowerless func(t *testing.T) connector.Target
	// Reference is a field of users that names other users; empty where there is none.
	Reference string
	// Unreadable is a field of users that the directory shows to nobody; empty where there is none.
	Unreadable string
	// Normalised is a field of users with a value that the directory stores in another form; nil where every value is stored as it is.
	Normalised *Normalised
	// Fault makes the directory misbehave until mend is called, also towards those who are connected already. It is nil, or answers
	// with nil, where that cannot happen.
	Fault func(t *testing.T, fault Fault) (mend func())
	// AddForeignMember makes somebody, who is not a user of this directory, a member of a department, past the connector, and returns
	// a function that reports whether he still is one. It is nil where membership is not kept on departments.
	AddForeignMember func(t *testing.T, department directory.Entry) (remains func() bool)
}

// Normalised is a value and what the directory makes of it.
type Normalised struct {
	Field, Value, Stored string
}

// Fault is a way in which a directory misbehaves.
type Fault string

// The faults.
const (
	// PageLost: of a paged answer everything after the first page is lost, and the directory does not say that it was the last one.
	PageLost Fault = "a page is lost"
	// PageRepeated: entries of a paged answer come twice.
	PageRepeated Fault = "a page is repeated"
	// Silent: the directory accepts requests and answers none.
	Silent Fault = "the directory does not answer"
	// ListsLate: an entry that is created stands in no list yet, and can be found by its ID.
	ListsLate Fault = "a new entry is not listed yet"
	// RateLimited: each request is refused, with the time to wait where the protocol has a place for it.
	RateLimited Fault = "there were too many requests"
)

// suffer lets the directory misbehave for the rest of the case, or skips the case.
func (f Fixture) suffer(t *testing.T, fault Fault) (mend func()) {
	t.Helper()
	if f.Fault != nil {
		mend = f.Fault(t, fault)
	}
	if mend == nil {
		t.Skipf("this cannot happen here: %s", fault)
	}
	t.Cleanup(mend)
	return mend
}

// Run runs all cases, each on a directory of its own.
func Run(t *testing.T, fixture func(t *testing.T) Fixture) {
	for name, test := range map[string]func(*testing.T, Fixture){
		"ReadsEveryEntryOnceWhateverThePage": everyEntryOnce,
		"ABrokenReadIsAnError":               brokenRead,
		"ALostPageIsAnError":                 lostPage,
		"ARepeatedPageHidesNobody":           repeatedPage,
		"ASilentDirectoryIsNotWaitedForLong": silentDirectory,
		"LookupFindsWhatIsThere":             lookup,
		"ALookupIsWholeOrAnError":            brokenLookup,
		"AFieldThatCannotBeReadIsNotAbsent":  unreadableField,
		"HardNamesSurvive":                   hardNames,
		"TwoUsersSwapTheirLogins":            swap,
		"ASubtreeMovesBelowItsSibling":       moveBelowSibling,
		"UsersAreInNoneOneOrManyDepartments": departmentsOfAUser,
		"ForeignMembersStay":                 foreignMembers,
		"LeadersComeAndGo":                   leaders,
		"ReferencesMayGoInCircles":           circularReferences,
		"UpdatesAreReadBack":                 updates,
		"ANormalisedValueIsAnsweredAsStored": normalisedValue,
		"AnotherRunFinishesByID":             finishByID,
		"ANewEntryThatIsNotListedYetIsFound": listedLate,
		"ADepartmentWithUsersIsNotDeleted":   deleteOccupied,
		"ErrorsSayWhatTheyMean":              typedErrors,
		"AMissingRightIsOfItsOwnClass":       missingRight,
		"TooManyRequestsAreOfTheirOwnClass":  tooManyRequests,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fixture(t))
		})
	}
}

// contents is what one run reads.
type contents struct {
	departments, users []directory.Entry
}

// read reads everything, which must succeed.
func read(t *testing.T, target connector.Target, fields ...string) contents {
	t.Helper()
	return contents{departments: collect(t, target.Departments(t.Context(), nil)), users: collect(t, target.Users(t.Context(), fields))}
}

func collect(t *testing.T, entries iter.Seq2[directory.Entry, error]) (collected []directory.Entry) {
	t.Helper()
	for entry, err := range entries {
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
		if entry.Err != nil {
			t.Fatalf("entry %s cannot be understood: %v", entry.ID, entry.Err)
		}
		collected = append(collected, entry)
	}
	return collected
}

// user finds a user that was read, by ID.
func (c contents) user(t *testing.T, id string) directory.Entry {
	t.Helper()
	return byID(t, c.users, id)
}

func (c contents) department(t *testing.T, id string) directory.Entry {
	t.Helper()
	return byID(t, c.departments, id)
}

func byID(t *testing.T, entries []directory.Entry, id string) directory.Entry {
	t.Helper()
	at := slices.IndexFunc(entries, func(e directory.Entry) bool { return e.ID == id })
	if at < 0 {
		t.Fatalf("entry %s is not among the %d that were read", id, len(entries))
	}
	return entries[at]
}

// world makes entries and fails the test when it cannot.
type world struct {
	Fixture
	t      *testing.T
	target connector.Target
}

func (f Fixture) world(t *testing.T) world {
	t.Helper()
	return world{Fixture: f, t: t, target: f.Open(t)}
}

func (w world) department(name, parent string) directory.Entry {
	w.t.Helper()
	entry, err := w.target.CreateDepartment(w.t.Context(), connector.NewEntry{
		Parent: parent, Attributes: w.Department(name), Mark: directory.Mark{Owner: "test/task", SourceID: "d-" + name},
	})
	if err != nil {
		w.t.Fatalf("creating department %q: %v", name, err)
	}
	return entry
}

// user makes a user and puts it into a department, in whichever way the target keeps membership.
func (w world) user(login, name, department string) directory.Entry {
	w.t.Helper()
	entry := connector.NewEntry{Attributes: w.User(login, name), Mark: directory.Mark{Owner: "test/task", SourceID: "u-" + login}}
	membership := w.target.Capabilities().Membership
	if membership == directory.OnUser && department != "" {
		entry.Departments = []string{department}
	}
	user, err := w.target.CreateUser(w.t.Context(), entry)
	if err != nil {
		w.t.Fatalf("creating user %q: %v", login, err)
	}
	if membership == directory.OnDepartment && department != "" {
		if err := w.target.SyncDepartmentMembers(w.t.Context(), department, []string{user.ID}, nil); err != nil {
			w.t.Fatalf("adding %q to department %s: %v", login, department, err)
		}
	}
	return user
}
