package codedeploy

import (
	"context"
	"slices"
)

// activate gives a deployment its turn; the caller holds the service's lock.
func (g *group) activate(d *deployment) {
	if d.state.Original == nil && g.Platform == PlatformECS {
		primary := g.primary
		d.state.Original = &primary
	}
	g.active = d
	d.turn.Fire()
}

// awaitTurn waits until the deployments before this one are over.
func (s *Service) awaitTurn(d *deployment) error {
	turn, resume := d.turn.Wait()
	defer resume()
	select {
	case <-turn:
	default:
		s.change(d, nil, func(state *Deployment) { state.Status = Queued })
		select {
		case <-turn:
		case <-d.ctx.Done():
		}
	}
	if err := context.Cause(d.ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.group.deleted {
		return &eventError{ErrorInformation: ErrorInformation{"DEPLOYMENT_GROUP_MISSING", "The deployment group " + d.group.Name + " was deleted before the deployment started."}}
	}
	return nil
}

// leave takes a deployment that is over out of its group and gives the next one its turn: its own
// rollback, or else what was queued first. The caller holds the service's lock.
func (g *group) leave(d *deployment, rollback func() *deployment) (back *deployment) {
	if g.active != d { // it never had its turn
		g.queue = slices.DeleteFunc(g.queue, func(q *deployment) bool { return q == d })
		return nil
	}
	g.active = nil
	if back = rollback(); back == nil && len(g.queue) > 0 {
		next := g.queue[0]
		g.queue = slices.Delete(g.queue, 0, 1)
		g.activate(next)
	}
	return back
}
