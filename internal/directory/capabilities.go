package directory

// Membership says where a directory keeps which users belong to which departments.
type Membership string

// Where membership is kept.
const (
	// NoMembership: the directory does not record it.
	NoMembership Membership = ""
	// OnUser: the user names its departments.
	OnUser Membership = "User"
	// OnDepartment: the department names its users.
	OnDepartment Membership = "Department"
)

// Capabilities states as data what a target can hold and do.
type Capabilities struct {
	Membership Membership
	// SingleDepartment: a user is in one department at most, its main one.
	SingleDepartment bool
	// MainDepartment: the target keeps which of a user's departments is the main one.
	MainDepartment bool
	// Nested: departments have parents and can move.
	Nested bool
	// Leaders: departments name their leaders.
	Leaders bool
	// SingleLeader: a department names one leader at most.
	SingleLeader bool
	// Disable: an account can be turned off without being deleted.
	Disable bool
	// DisableField is the field that says whether an account is off, where a mapping may write it: DisabledValue, in any case, is off, and
	// anything else is on. EnabledValue is what an account that is on holds; empty when the field is empty then.
	DisableField, DisabledValue, EnabledValue string
	// UserMark and DepartmentMark: the entry has a place for a Mark.
	UserMark, DepartmentMark bool
	// UserIdentifier is the field whose change is a rename of the user; empty when there is none.
	UserIdentifier string
	// DepartmentName is the field that, with the parent, must be unique among departments; empty when there is none.
	DepartmentName string
}
