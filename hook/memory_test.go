package hook

import (
	"strconv"
	"testing"
)

func TestMemory(t *testing.T) {
	e := func(n int) executionKey { return executionKey{deploymentID: "d-1", id: strconv.Itoa(n)} }
	known := func(m *memory, n int) bool { _, ok := m.memos[e(n)]; return ok }

	t.Run("an execution is claimed once", func(t *testing.T) {
		m := newMemory(2)
		first, mine := m.claim(e(1))
		second, again := m.claim(e(1))
		if !mine || again || first != second {
			t.Errorf("got %v and %v, the same memo: %v", mine, again, first == second)
		}
	})
	t.Run("the same execution id of another deployment is another execution", func(t *testing.T) {
		m := newMemory(2)
		m.claim(executionKey{deploymentID: "d-1", id: "x"})
		if _, first := m.claim(executionKey{deploymentID: "d-2", id: "x"}); !first {
			t.Error("it was taken for known")
		}
	})
	t.Run("another round of an execution is decided anew", func(t *testing.T) {
		m := newMemory(2)
		m.claim(executionKey{deploymentID: "d-1", id: "x"})
		if _, first := m.claim(executionKey{deploymentID: "d-1", id: "x", round: 1}); !first {
			t.Error("it was taken for known")
		}
	})
	t.Run("the oldest verdict is forgotten", func(t *testing.T) {
		m := newMemory(3)
		for n := range 10 {
			c, _ := m.claim(e(n))
			c.settle(Verdict{Status: Succeeded})
		}
		if len(m.memos) != 3 || len(m.arrived) != 3 || known(m, 6) || !known(m, 7) || !known(m, 9) {
			t.Errorf("kept %v", m.arrived)
		}
	})
	t.Run("what is still being decided is never forgotten", func(t *testing.T) {
		m := newMemory(2)
		m.claim(e(1))
		for n := 2; n < 6; n++ {
			c, _ := m.claim(e(n))
			c.settle(Verdict{Status: Succeeded})
		}
		if !known(m, 1) || len(m.memos) != 2 {
			t.Errorf("kept %v", m.arrived)
		}
	})
	t.Run("it outgrows its size rather than decide twice", func(t *testing.T) {
		m := newMemory(1)
		m.claim(e(1))
		m.claim(e(2))
		if !known(m, 1) || !known(m, 2) {
			t.Errorf("kept %v", m.arrived)
		}
	})
}
