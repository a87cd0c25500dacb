//! Which canvases are sent.

use super::super::plan::{CanvasPlan, End, Shape, TaskPlan, Try};
use super::Scenario;
use super::maker::Maker;

impl Maker {
    pub(super) fn canvases(&mut self) -> Vec<CanvasPlan> {
        if !self.is(Scenario::Canvases) {
            return Vec::new();
        }
        let mut at = self.seconds(1..2);
        (0..self.random.usize(1..=3))
            .map(|_| {
                let shape = if self.chance(3) {
                    self.crowd()
                } else {
                    self.shape(3)
                };
                at += self.seconds(0..20);
                CanvasPlan { at, shape }
            })
            .collect()
    }

    /// A chord of more members than one item holds.
    fn crowd(&mut self) -> Shape {
        let size = self.random.usize(129..=300);
        let header = (0..size).map(|_| Shape::Task(self.quick())).collect();
        Shape::Chord(self.group_id(), header, Box::new(Shape::Task(self.quick())))
    }

    fn quick(&mut self) -> TaskPlan {
        let mut task = self.task(0);
        let takes = self.seconds(0..2) / 10;
        task.tries = vec![Try {
            takes,
            progress: false,
            end: End::Return,
        }];
        task
    }

    fn shape(&mut self, depth: u32) -> Shape {
        match self.random.u32(..3) {
            0 => Shape::Chain(self.some(2, |maker| maker.part(depth - 1))),
            1 => {
                let members = self.some(2, |maker| maker.member(depth - 1));
                Shape::Group(self.group_id(), members)
            }
            _ => {
                let header = self.some(1, |maker| maker.member(depth - 1));
                let body = self.part(depth - 1);
                Shape::Chord(self.group_id(), header, Box::new(body))
            }
        }
    }

    fn some(&mut self, least: usize, mut one: impl FnMut(&mut Self) -> Shape) -> Vec<Shape> {
        let count = self.random.usize(least..=4);
        (0..count).map(|_| one(self)).collect()
    }

    fn part(&mut self, depth: u32) -> Shape {
        if depth == 0 || self.chance(60) {
            return Shape::Task(self.canvas_task());
        }
        self.shape(depth)
    }

    /// A group in a group would become one with it.
    fn member(&mut self, depth: u32) -> Shape {
        match self.part(depth) {
            Shape::Group(_, members) => Shape::Chain(members),
            part => part,
        }
    }

    fn canvas_task(&mut self) -> TaskPlan {
        let mut task = self.task(0);
        if self.chance(15) {
            task.errback = Some(Box::new(self.task(0)));
        }
        task
    }

    fn group_id(&mut self) -> String {
        self.tasks += 1;
        format!("g{}", self.tasks)
    }
}
