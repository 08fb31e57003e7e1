# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""perception_node: camera, pose and activity in one process; the topics are the same.

A model of whole images needs no poses: no estimator is opened, and there is no topic skeletons.
"""

from __future__ import annotations

import time
from typing import Any, NoReturn

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from co_perception.camera.source import Frame
from co_perception.engine.activity import Reason
from co_perception.errors import CoPerceptionError
from co_perception.msg import SkeletonArray
from co_perception.nodes.answers import AnswerPublisher
from co_perception.nodes.camera_node import make_reader, make_stamper
from co_perception.nodes.config import pipeline_config
from co_perception.nodes.conversions import duration_message, header_message, image_message
from co_perception.nodes.counting import ImageCount
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.mailbox import Worker
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import IMAGE, SKELETONS, VIEW
from co_perception.nodes.reader import FrameReader
from co_perception.nodes.recording import Recording, check_paths
from co_perception.nodes.results import fill_skeletons
from co_perception.nodes.runner import run_node
from co_perception.overlay import draw
from co_perception.pipeline import PipelineResult, PoseStage

__all__ = ["FusedNode", "main"]


class FusedNode(PerceptionNode):
    """One `activity` message for each processed image, one `skeletons` for each looked at.

    The reader's thread leaves the newest frame in the mailbox; the worker's thread alone owns
    estimator, tracker, network and video file, and publishes. With `real_time` false the reader
    waits for the worker and no frame is lost.
    """

    def __init__(self) -> None:
        super().__init__("perception_node")
        self._worker: Worker[tuple[Frame, int]] | None = None
        self._reader: FrameReader | None = None
        self._pose: PoseStage | None = None
        self._answers: AnswerPublisher | None = None
        self._recording: Recording | None = None
        self._outputs: list[Any] = []
        self._given: dict[str, Value] = {}
        self._ended = False

    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Load network and estimator, so that what is wrong with them is said here."""
        self._given = parameters
        check_paths(str(parameters["record"]), str(parameters["timeline"]))
        self._answers = AnswerPublisher(self, parameters)
        make = self.create_lifecycle_publisher
        self._outputs = []
        if not self._answers.takes_images:
            self._pose = PoseStage(pipeline_config(parameters).pose)
            self._skeletons = make(SkeletonArray, "skeletons", SKELETONS)
            self._outputs.append(self._skeletons)
        self._image = self._overlay = None
        if not parameters["privacy"]:
            self._image = make(Image, "image", IMAGE)
            self._outputs.append(self._image)
            if parameters["overlay"]:
                self._overlay = make(Image, "overlay", VIEW)
                self._outputs.append(self._overlay)

    def do_activate(self) -> None:
        """Open camera and files, start the worker, then read."""
        given = self._given
        self._frame_id = str(given["frame_id"])
        self._duration_ns = round(float(given["duration_sec"]) * 1e9)
        self._first_ns: int | None = None
        self._images = ImageCount()
        self._looks = self._unseen = self._loop = 0
        self._ended = False
        self._reader = make_reader(given, self._on_frame, self._on_end, self._on_source_error)
        rate = self._reader.info.rate
        self._recording = Recording(str(given["record"]), str(given["timeline"]), rate)
        self._waits = not (given["real_time"] or self._reader.info.live)
        self._stamper = make_stamper(self, self._reader, given)
        self._worker = Worker("perception", self._work, self._on_error)
        self._answers.start(self._worker)
        if self._pose is None and not self._answers.takes_images:  # deactivate has closed it
            self._pose = PoseStage(pipeline_config(given).pose)
        self._reader.start()

    def do_deactivate(self) -> None:
        """Close the camera, end the worker, finish the files, release the models."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        if self._worker is not None:
            self._worker.stop(drain=self._ended)
            self._worker = None
        if self._recording is not None:
            for path in self._recording.close():
                self.get_logger().info(f"written: {path}")
            self._recording = None
        if self._answers is not None:
            self._answers.stop()
        if self._pose is not None:
            self._pose.close()
            self._pose = None

    def do_cleanup(self) -> None:
        """Destroy topics and services."""
        self.do_deactivate()
        if self._answers is not None:
            self._answers.destroy()
            self._answers = None
        for publisher in self._outputs:
            self.destroy_lifecycle_publisher(publisher)
        self._outputs = []

    def explain_silence(self, silence_sec: float) -> str:
        """Name the camera that gives nothing."""
        return f"No image from camera '{self._given['camera']}' for {silence_sec:.0f} s."

    def more_values(self) -> dict[str, str]:
        """Tell how the source is doing, and what the engine counted."""
        reader, answers = self._reader, self._answers
        source = {} if reader is None else {k: str(v) for k, v in vars(reader.status).items()}
        return {**source, **({} if answers is None else answers.counts())}

    # On the reader's thread.
    def _on_frame(self, frame: Frame) -> None:
        frame = self._stamper.restamp(frame)
        self.stats.received((self.now_ns() - frame.stamp_ns) / 1e9)
        if not self.enabled:
            self._images.pause()
        elif self._worker is not None:
            number = self._images.arrived(frame.index, 0)
            self._worker.put((frame, number), wait=self._waits)

    def _on_end(self) -> None:
        self.get_logger().info("The source is at its end.")
        self._finish()

    def _on_source_error(self, error: CoPerceptionError) -> None:
        self.stats.count("errors")
        self.warn("source", str(error))

    def _finish(self) -> None:
        """Ask the main thread to end the process."""
        self._ended = True
        self.end(0)

    # On the worker's thread.
    def _work(self, item: tuple[Frame, int], _: int) -> None:
        frame, number = item
        if self._is_over(frame):
            return
        started = time.perf_counter()
        if frame.loop != self._loop:
            self._start_over(frame.loop)
        header = header_message(frame.stamp_ns, self._frame_id)
        if self._image is not None and self._image.get_subscription_count():
            self._image.publish(image_message(frame.image, header))
        dropped = self._images.processed(number)
        self.stats.count("dropped", dropped)
        watch = self._watch_people if self._pose is not None else self._watch_scene
        result = watch(frame, header, dropped, started)
        answered = time.perf_counter()
        self._show(result, header)
        times = {**result.timings, "show": time.perf_counter() - answered}
        self.stats.processed(times, people=len(result.activities))

    def _watch_scene(
        self, frame: Frame, header: Header, dropped: int, started: float
    ) -> PipelineResult:
        watching = time.perf_counter()
        activities, events = self._answers.answer_image(header, frame.image, dropped, started)
        times = {"activity": time.perf_counter() - watching}
        return PipelineResult(frame, [], activities, events, times)

    def _watch_people(
        self, frame: Frame, header: Header, dropped: int, started: float
    ) -> PipelineResult:
        posing = time.perf_counter()
        skeletons, looked = self._pose.look(frame.image, frame.stamp_ns)
        posed = time.perf_counter()
        size = (frame.image.shape[1], frame.image.shape[0])
        activities, events = self._answers.answer(
            header, size, skeletons, dropped, started, looked=looked
        )
        times = {"pose": posed - posing, "activity": time.perf_counter() - posed}
        result = PipelineResult(frame, skeletons, activities, events, times, looked)
        self._unseen += dropped
        if looked:
            if self._skeletons.get_subscription_count():
                self._publish_skeletons(result, header, size)
            self._looks += 1
            self._unseen = 0
        else:
            self.stats.count("left out by pose_rate")
        return result

    def _publish_skeletons(
        self, result: PipelineResult, header: Header, size: tuple[int, int]
    ) -> None:
        message = SkeletonArray(
            sequence=self._looks,
            dropped_images=self._unseen,
            compute=duration_message(round(result.timings["pose"] * 1e9)),
            estimator=self._pose.name,
            joint_layout=self._pose.layout,
        )
        self._skeletons.publish(fill_skeletons(message, header, size, result.skeletons))

    def _start_over(self, loop: int) -> None:
        """Begin anew with a further turn of the file: its people are others."""
        self._loop = loop
        if self._pose is not None:
            self._pose.reset()
        self._answers.reset(Reason.RESET_TIME_JUMP)

    def _show(self, result: PipelineResult, header: Header) -> None:
        """Draw for the video and for whoever looks at the overlay; nothing for nobody."""
        watched = self._overlay is not None and self._overlay.get_subscription_count() > 0
        picture = None
        if watched or self._recording.wants_pictures:
            picture = draw(result.frame.image, result.skeletons, result.activities)
        self._recording.add(result, picture)
        if watched:
            self._overlay.publish(image_message(picture, header))

    def _is_over(self, frame: Frame) -> bool:
        """Whether duration_sec has passed; the first frame after it ends the process."""
        if self._first_ns is None:
            self._first_ns = frame.stamp_ns
        over = 0 < self._duration_ns <= frame.stamp_ns - self._first_ns
        if over:
            self._finish()
        return over

    def _on_error(self, error: Exception) -> None:
        self.report_error("Image", error)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the node."""
    run_node(FusedNode, args)


if __name__ == "__main__":
    main()
