"""Processes that measure side by side."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import cv2


def workers(processes: int) -> ProcessPoolExecutor:
    """Fresh ones, each of one thread: the networks of other packages do not survive a fork."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, cv2.setNumThreads, (1,))
