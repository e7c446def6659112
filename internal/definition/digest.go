package definition

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// digestVersion changes when the meaning of a digested field changes, and with
// it all digests: then the removals of every task wait once. It does not change
// when a field is added, since a field at its default is not in the digest.
const digestVersion = 1

// RemovalDigest names what decides about removals: source and target without
// addresses, credentials and limits, and scope, mappings, matching, deletion
// and protection. Two specs that mean the same have the same digest, however they are
// written; removals are held when it differs from that of the last run that
// finished its removals.
func (d Definition) RemovalDigest() (v1alpha1.Digest, error) {
	data, err := json.Marshal(meaningOf(&d.TaskSpec))
	if err != nil {
		return "", fmt.Errorf("writing what decides about removals in the definition of run %s: %w", d.Run.Name, err)
	}
	sum := sha256.Sum256(data)
	return v1alpha1.Digest(fmt.Sprintf("v%d:sha256:%s", digestVersion, hex.EncodeToString(sum[:]))), nil
}

// meaning is what is digested. The JSON of the API's types leaves out what is
// not set, so an added field changes no digest as long as it has its default.
type meaning struct {
	Sources  []v1alpha1.Source `json:"sources"`
	Target   v1alpha1.Target   `json:"target"`
	Scope    v1alpha1.Scope    `json:"scope,omitzero"`
	Mappings v1alpha1.Mappings `json:"mappings,omitzero"`
	Matching v1alpha1.Matching `json:"matching,omitzero"`
	Deletion v1alpha1.Deletion `json:"deletion,omitzero"`
	// Protected belongs to it, since a leaver who is protected no more is removed.
	Protected v1alpha1.Protected `json:"protected,omitzero"`
}

func meaningOf(original *v1alpha1.SyncTaskSpec) meaning {
	spec := original.DeepCopy()
	strip.task(spec)
	for i := range spec.Sources {
		if ldap := spec.Sources[i].LDAP; ldap != nil {
			forgetAddress(&ldap.LDAPConnection)
		}
	}
	if ldap := spec.Target.LDAP; ldap != nil {
		forgetAddress(&ldap.LDAPConnection)
	}
	spec.Mappings.Tests = nil
	for _, rows := range [][]v1alpha1.Mapping{spec.Mappings.Users, spec.Mappings.Departments} {
		slices.SortFunc(rows, func(a, b v1alpha1.Mapping) int { return strings.Compare(string(a.To), string(b.To)) })
		for i := range rows {
			rows[i].Sensitive = false
		}
	}
	for _, rules := range [][]v1alpha1.MatchRule{spec.Matching.Users, spec.Matching.Departments} {
		for i := range rules {
			sortPairs(&rules[i])
		}
	}
	for _, set := range [][]string{
		spec.Scope.Departments.Include, spec.Scope.Departments.Exclude,
		spec.Scope.Users.Include, spec.Scope.Users.Exclude,
	} {
		slices.Sort(set)
	}
	return meaning{
		Sources: spec.Sources, Target: spec.Target,
		Scope: spec.Scope, Mappings: spec.Mappings, Matching: spec.Matching, Deletion: spec.Deletion, Protected: spec.Protected,
	}
}

// sortPairs puts the pairs of a combined rule into one order, since it means the same in any.
func sortPairs(rule *v1alpha1.MatchRule) {
	pairs := append([]v1alpha1.MatchPair{{Target: rule.Target, Source: rule.Source}}, rule.And...)
	slices.SortFunc(pairs, func(a, b v1alpha1.MatchPair) int {
		return cmp.Or(strings.Compare(string(a.Target), string(b.Target)), strings.Compare(string(a.Source), string(b.Source)))
	})
	pairs = slices.Compact(pairs)
	rule.Target, rule.Source, rule.And = pairs[0].Target, pairs[0].Source, pairs[1:]
}

// forgetAddress keeps what is read, and not where or as whom.
func forgetAddress(connection *v1alpha1.LDAPConnection) {
	*connection = v1alpha1.LDAPConnection{Referrals: connection.Referrals}
}
