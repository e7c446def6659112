package ldap

// WithoutControls makes a target treat its server as one that has no controls, which OpenLDAP cannot be told to be.
func (t *Target) WithoutControls() { t.asserts, t.postReads = false, false }

// Lacks compares two positions.
func Lacks(has, wanted string) string { return positionOf(has).lacks(positionOf(wanted)) }
