package plan

// stage is a part of a plan; the operations of an earlier stage come before those of a later one.
type stage uint32

// The stages. What gives up a name or a unique value (exchange) comes before whatever may claim it.
const (
	stageStepAside stage = iota + 1
	stageCreateDepartments
	stageMoveDepartments
	stageUpdateDepartments
	stageExchange
	stageCreateUsers
	stageUpdateUsers
	stageMembership
	stageLeaders
	stageReferences
	stageRemoveUsers
	stageDeleteDepartments
)

// maxLevel bounds the levels of a stage: the depth of a tree of departments or of a chain of renames.
const maxLevel = 1<<20 - 1

// wave numbers the level-th wave of a stage.
func wave(s stage, level int) uint32 {
	return uint32(s)<<20 | uint32(min(max(level, 0), maxLevel))
}
