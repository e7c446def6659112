package plan

import (
	"fmt"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/spool"
	"synccenter.dev/synccenter/internal/state"
)

// Options are what planning needs beside the entries.
type Options struct {
	Owner        string
	Mapper       *mapping.Mapper
	Capabilities directory.Capabilities
	Links        *state.Links
	// Salt keys the digests of learned values, see state.Digest.
	Salt []byte
	// UserRemoval and DepartmentRemoval are the task's deletion policy.
	UserRemoval, DepartmentRemoval Removal
	// DisabledBefore is the moment before which a leaver must have been disabled to be deleted now; the zero time deletes nobody for that.
	DisabledBefore time.Time
	// Reconsider plans again what earlier runs hold: a person overrides the limits on removals for this run.
	Reconsider bool
	// Adopt and Relink are the task's matching policy.
	Adopt, Relink Policy
	// Only limits the plan to some entries; nil: it is about all.
	Only *Only
}

// Policy says what to do with a hit of a matching rule.
type Policy string

// The policies.
const (
	Allow Policy = "Allow"
	Hold  Policy = "Hold"
	Never Policy = "Never"
)

// Planner takes the forms of both sides, in any order, and gives the plan. Use it in this order: Add..., Plan, Operations and LinkChanges.
// Its methods are not safe for concurrent use, but AddSource and AddUnknown may run beside AddTarget, AddUnknownTarget and Protect.
type Planner struct {
	options Options

	// Source side, until Plan.
	sourceDepartments map[string]*mapping.Form
	sourceUsers       *spool.Spool
	sourceRow         []byte // room for the row of one user, as is targetRow
	// unknown holds the source entries that are neither there nor gone.
	unknown map[entryKey]unknownEntry

	// Target side, until Plan.
	targetDepartments map[string]*mapping.Form
	// linkedUsers are target users by the source ID of their link, unlinkedUsers by their own ID.
	linkedUsers, unlinkedUsers *spool.Spool
	targetRow                  []byte
	unknownTargets             map[entryKey]unknownEntry
	protected                  map[entryKey]bool
	doubles                    *doubles
	beside                     beside

	// Results of Plan.
	departments *departments
	users       users
	references  References
	output      output
	facts       guard.Facts
	// unplaced counts users with a value that names no department.
	unplaced   int64
	exchange   exchange
	membership membership
	// replaced are people whose removal waits since an earlier run and whose place in a field of one name somebody else gets.
	replaced map[string]bool
}

type entryKey struct {
	kind directory.Kind
	id   string
}

type unknownEntry struct {
	name  string
	cause error
}

// New makes a planner for one plan.
func New(options Options) *Planner {
	return &Planner{
		options:           options,
		sourceDepartments: map[string]*mapping.Form{},
		sourceUsers:       spool.New(spool.BlockSize),
		unknown:           map[entryKey]unknownEntry{},
		targetDepartments: map[string]*mapping.Form{},
		linkedUsers:       spool.New(spool.BlockSize),
		unlinkedUsers:     spool.New(spool.BlockSize),
		unknownTargets:    map[entryKey]unknownEntry{},
		protected:         map[entryKey]bool{},
		doubles:           newDoubles(options.Mapper.Numbered()),
		beside:            beside{absent: map[string]bool{}, needed: map[string]bool{}},
	}
}

// AddSource adds an entry that is in scope, as Mapper.Map made it.
func (p *Planner) AddSource(form *mapping.Form) error {
	if form.Kind == directory.User {
		p.sourceRow = appendRow(p.sourceRow[:0], p.options.Mapper, form)
		return p.sourceUsers.Add(form.ID, p.sourceRow)
	}
	if _, twice := p.sourceDepartments[form.ID]; twice {
		return p.AddUnknown(form.Kind, form.ID, form.Name, errTwice)
	}
	p.sourceDepartments[form.ID] = form
	return nil
}

// errTwice is the cause of an entry whose ID came twice in one read.
var errTwice = fmt.Errorf("the source gave two entries with this ID in one read, so neither can be trusted")

// AddUnknown adds a source entry that could not be read, filtered or mapped: it is neither created, changed nor removed.
func (p *Planner) AddUnknown(kind directory.Kind, id, name string, cause error) error {
	p.unknown[entryKey{kind, id}] = unknownEntry{name, cause}
	return nil
}

// AddTarget adds an entry of the target, as Mapper.Observe made it.
func (p *Planner) AddTarget(form *mapping.Form) error {
	if form.Kind == directory.Department {
		p.targetDepartments[form.ID] = form
		return nil
	}
	p.doubles.see(form)
	p.targetRow = appendRow(p.targetRow[:0], p.options.Mapper, form)
	if source, ok := p.options.Links.SourceOf(directory.User, form.ID); ok {
		return p.linkedUsers.Add(source, p.targetRow)
	}
	return p.unlinkedUsers.Add(form.ID, p.targetRow)
}

// Protect says that nothing may be done to a target entry, and that it is nobody's match.
func (p *Planner) Protect(kind directory.Kind, id string) { p.protected[entryKey{kind, id}] = true }

// AddUnknownTarget adds a target entry that could not be read.
func (p *Planner) AddUnknownTarget(kind directory.Kind, id, name string, cause error) error {
	p.unknownTargets[entryKey{kind, id}] = unknownEntry{name, cause}
	return nil
}

// References resolves references of either side to IDs; see connector.Source.Resolve.
type References struct {
	Source, Target func(reference string) (id string, ok bool)
}

// Plan joins both sides and the links. It answers with the facts that the guard looks at; FirstRun, the Last figures, Window,
// DefinitionChanged and StateRebuilt are the caller's to fill.
func (p *Planner) Plan(references References) (guard.Facts, error) {
	p.references = references
	p.output = newOutput(p.protected)
	p.exchange = newExchange(p.identifierEquality())
	p.membership = newMembership()
	p.replaced = map[string]bool{}
	p.facts = guard.Facts{Cleared: map[string]int64{}, Partial: p.options.Only != nil}
	p.facts.ActiveUsers = p.options.Links.Count(directory.User, state.Active)
	p.facts.ActiveDepartments = p.options.Links.Count(directory.Department, state.Active)
	if !p.options.Reconsider {
		held, _ := p.options.Links.Pending()
		p.facts.Waiting = int64(len(held))
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		if err := p.planUnknown(kind); err != nil {
			return guard.Facts{}, err
		}
	}
	if err := p.planUnlinked(); err != nil {
		return guard.Facts{}, err
	}
	p.pairDepartments()
	if err := p.planUsers(); err != nil {
		return guard.Facts{}, fmt.Errorf("planning the users: %w", err)
	}
	if err := p.planDepartments(); err != nil {
		return guard.Facts{}, fmt.Errorf("planning the departments: %w", err)
	}
	if err := p.planExchange(); err != nil {
		return guard.Facts{}, fmt.Errorf("ordering renames and removals: %w", err)
	}
	p.facts.DepartmentLosses = p.departmentLosses()
	// What was planned from is not needed any more, and it is large.
	p.sourceUsers, p.linkedUsers, p.unlinkedUsers, p.users = nil, nil, nil, users{}
	p.doubles = nil
	return p.facts, nil
}

// identifierEquality is the equality under which two users' identifiers are the same.
func (p *Planner) identifierEquality() directory.Equality {
	field, _ := p.options.Mapper.Field(directory.User, p.options.Capabilities.UserIdentifier)
	return field.Equality
}

// planUnknown records each unknown source entry as failed, and forgets what else was added under its ID.
func (p *Planner) planUnknown(kind directory.Kind) error {
	for key, entry := range p.unknown {
		if key.kind != kind {
			continue
		}
		if kind == directory.Department {
			delete(p.sourceDepartments, key.id)
		}
		if !p.concerns(kind, key.id) {
			p.countExamined(kind)
			continue
		}
		if err := p.planUnknownEntry(kind, key.id, entry); err != nil {
			return err
		}
	}
	return nil
}

func (p *Planner) planUnknownEntry(kind directory.Kind, id string, entry unknownEntry) error {
	operation := Operation{Kind: createKind(kind), Subject: kind, SourceID: id, Name: entry.name}
	if link, ok := p.options.Links.BySource(kind, id); ok {
		operation.Kind, operation.TargetID = updateKind(kind), link.TargetID
	}
	p.countExamined(kind)
	return p.output.decided(operation, Failed, ReasonUnknown, entry.cause.Error())
}

func (p *Planner) countExamined(kind directory.Kind) {
	if kind == directory.User {
		p.facts.SourceUsers++
	} else {
		p.facts.SourceDepartments++
	}
}

func createKind(kind directory.Kind) OperationKind {
	if kind == directory.Department {
		return CreateDepartment
	}
	return CreateUser
}

func updateKind(kind directory.Kind) OperationKind {
	if kind == directory.Department {
		return UpdateDepartment
	}
	return UpdateUser
}
